import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Conversation } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { Age } from "../ui/age.tsx";
import { classes } from "../ui/classes.ts";
import { ConversationStateBadge } from "../ui/conversation-state-badge.tsx";
import { FilterTabs } from "../ui/filter-bar.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { Thread } from "./inbox/thread.tsx";

const route = getRouteApi("/app/inbox");
const states = ["waiting-for-person", "with-person", "open", "solved"] as const;

/** Every conversation of every customer; those who wait for a person stand first. */
export function Inbox(): ReactElement {
  const { t } = useTranslation();
  const { conversation: chosenId, state } = route.useSearch();
  const navigate = route.useNavigate();
  const conversations = useQuery(queries.conversations());
  const shown = sorted(conversations.data?.items ?? []).filter(
    (one) => state === undefined || one.state === state,
  );
  const openId = chosenId ?? undefined;
  return (
    <Page title={t("nav.inbox")} lead={t("inbox.lead")} className="max-w-[92rem]">
      <div className="grid min-h-[32rem] grid-cols-1 overflow-hidden rounded-card border border-line bg-surface shadow-card lg:h-[calc(100dvh-11.5rem)] lg:grid-cols-[21rem_minmax(0,1fr)]">
        <div
          className={classes(
            "flex min-h-0 flex-col border-line lg:border-r",
            openId !== undefined && "max-lg:hidden",
          )}
        >
          <div className="border-line border-b p-2">
            <FilterTabs
              label={t("common.state")}
              value={state}
              onSelect={(next) => void navigate({ search: (before) => ({ ...before, state: next }) })}
              options={[
                { value: undefined, label: t("common.all") },
                ...states.map((value) => ({ value, label: t(`inbox.stateShort.${value}`) })),
              ]}
            />
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto">
            <Loaded query={conversations} skeletonRows={8}>
              {() => <ConversationList conversations={shown} openId={openId} />}
            </Loaded>
          </div>
        </div>
        <div className={classes("min-h-0 min-w-0", openId === undefined && "max-lg:hidden")}>
          {openId === undefined ? (
            <EmptyState
              icon="inbox"
              title={t("inbox.choose")}
              text={t("inbox.chooseText")}
              className="py-32"
            />
          ) : (
            <Thread key={openId} conversationId={openId} />
          )}
        </div>
      </div>
    </Page>
  );
}

const weights: Record<Conversation["state"], number> = {
  "waiting-for-person": 0,
  "with-person": 1,
  open: 2,
  solved: 3,
};

function sorted(conversations: readonly Conversation[]): readonly Conversation[] {
  return conversations.toSorted(
    (one, other) => weights[one.state] - weights[other.state] || other.updatedAt - one.updatedAt,
  );
}

interface ConversationListProps {
  readonly conversations: readonly Conversation[];
  readonly openId: string | undefined;
}

function ConversationList({ conversations, openId }: ConversationListProps): ReactElement {
  const { t } = useTranslation();
  if (conversations.length === 0) {
    return <EmptyState icon="inbox" title={t("inbox.empty")} text={t("inbox.emptyText")} />;
  }
  return (
    <ul>
      {conversations.map((conversation) => (
        <li key={conversation.id} className="border-line border-b">
          <Link
            to="/inbox"
            search={(before) => ({ ...before, conversation: conversation.id })}
            data-testid={`conversation-${conversation.id}`}
            aria-current={conversation.id === openId ? "true" : undefined}
            className={classes(
              "flex flex-col gap-1 px-4 py-2.5 -outline-offset-2 hover:bg-hover",
              conversation.id === openId && "bg-accent-soft hover:bg-accent-soft",
            )}
          >
            <span className="flex items-center justify-between gap-2">
              <span className="truncate font-medium">{conversation.customerName}</span>
              <Age at={conversation.updatedAt} className="shrink-0 text-ink-faint text-small" />
            </span>
            <span
              lang={conversation.language === "zh" ? "zh-CN" : "en"}
              className="line-clamp-2 text-ink-soft"
            >
              {conversation.lastText}
            </span>
            <span className="flex items-center gap-2">
              <ConversationStateBadge state={conversation.state} />
              <span className="text-ink-faint text-small">
                {t("inbox.messages", { count: conversation.messageCount })}
              </span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Message } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { Age } from "../ui/age.tsx";
import { Card } from "../ui/card.tsx";
import { EngineLabel } from "../ui/engine-label.tsx";
import { Icon } from "../ui/icon.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";

/** Conversations whose answers are gathered here. */
const conversationsMax = 12;

/** The latest answers that carry evidence, newest first. */
export function XrayList(): ReactElement {
  const { t } = useTranslation();
  const conversations = useQuery(queries.conversations());
  const latest = (conversations.data?.items ?? [])
    .toSorted((one, other) => other.updatedAt - one.updatedAt)
    .slice(0, conversationsMax);
  const threads = useQueries({
    queries: latest.map((conversation) => queries.conversation(conversation.id)),
  });
  const answers = threads
    .flatMap((thread) => thread.data?.messages ?? [])
    .filter((message) => message.evidenceRecordId !== null)
    .toSorted((one, other) => other.at - one.at);
  const isGathering = threads.some((thread) => thread.isPending);
  return (
    <Page title={t("xray.title")} lead={t("xray.lead")}>
      <Card title={t("xray.recent")} isPadded={false}>
        <Loaded query={conversations} skeletonRows={6}>
          {() =>
            answers.length === 0 && !isGathering ? (
              <EmptyState icon="xray" title={t("xray.empty")} text={t("xray.emptyText")} />
            ) : (
              <ul>
                {answers.map((message) => (
                  <AnswerRow key={message.id} message={message} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

function AnswerRow({ message }: { readonly message: Message }): ReactElement {
  return (
    <li className="border-line border-b last:border-b-0">
      <Link
        to="/x-ray/$evidenceRecordId"
        params={{ evidenceRecordId: message.evidenceRecordId ?? "" }}
        className="flex items-center gap-4 px-4 py-3 -outline-offset-2 hover:bg-hover"
      >
        <span className="min-w-0 flex-1">
          <span lang={message.language === "zh" ? "zh-CN" : "en"} className="line-clamp-2">
            {message.text}
          </span>
          <span className="mt-0.5 flex items-center gap-2 text-ink-faint text-small">
            {message.engine !== null && <EngineLabel engine={message.engine} />}
            <Age at={message.at} />
          </span>
        </span>
        <Icon name="chevron-right" className="size-3.5 text-ink-faint" />
      </Link>
    </li>
  );
}

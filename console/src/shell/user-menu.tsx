import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ProblemError, sentenceOf } from "../api/problem-error.ts";
import { queries } from "../api/queries.ts";
import { request } from "../api/request.ts";
import { useFormat } from "../format/use-format.ts";
import { useWords } from "../i18n/words.ts";
import { Icon } from "../ui/icon.tsx";
import { DropMenu, MenuAction } from "../ui/menu.tsx";
import { useNotify } from "../ui/toasts.tsx";

/** Who is signed in, and the way out. Leads to the sign-in screen when the session has ended. */
export function UserMenu(): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const notify = useNotify();
  const navigate = useNavigate();
  const client = useQueryClient();
  const me = useQuery(queries.me());
  const isSignedOut = me.error instanceof ProblemError && me.error.status === 401;

  useEffect(() => {
    if (isSignedOut) void navigate({ to: "/sign-in", search: { next: location.pathname + location.search } });
  }, [isSignedOut, navigate]);

  const signOut = async (): Promise<void> => {
    try {
      await request("/api/auth/sign-out", { method: "POST", body: {} });
      await navigate({ to: "/sign-in", search: {} });
      client.clear();
    } catch (error) {
      notify("bad", t("shell.signOutFailed"), format.text(sentenceOf(error)));
    }
  };

  const user = me.data;
  return (
    <DropMenu
      label={t("shell.account")}
      triggerClass="ml-1 grid size-7 place-items-center rounded-full border border-line-strong bg-surface font-semibold text-ink-soft text-small hover:bg-hover"
      trigger={user === undefined ? <Icon name="user" className="size-3.5" /> : initialOf(user.name)}
    >
      {user !== undefined && (
        <div className="border-line border-b px-2 pt-1 pb-2">
          <p className="font-medium">{user.name}</p>
          <p className="text-ink-soft text-small">{user.email}</p>
          <p className="mt-0.5 text-ink-faint text-small">
            {user.roles.map((role) => words("role", role)).join(" · ")}
          </p>
        </div>
      )}
      <div className="pt-1">
        <MenuAction onClick={() => void signOut()} testId="sign-out">
          <Icon name="sign-out" className="size-3.5" />
          {t("shell.signOut")}
        </MenuAction>
      </div>
    </DropMenu>
  );
}

function initialOf(name: string): string {
  return (Array.from(name.trim())[0] ?? "·").toUpperCase();
}

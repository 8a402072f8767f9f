import type { Shop } from "@waremind/contract";
import type { FormEvent, ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { ProblemNotice } from "../ui/states.tsx";
import type { SessionState } from "./use-session.ts";

interface IdentifyProps {
  readonly state: SessionState;
  readonly shop: Shop | null;
}

/** The demo opens the chat with a customer's proof after the `#`, which never leaves the browser. */
function proofFromAddress(): { readonly order: string; readonly email: string } {
  const given = new URLSearchParams(window.location.hash.slice(1));
  return { order: given.get("order") ?? "", email: given.get("email") ?? "" };
}

/** An order number and its e-mail prove the customer before anything is told. */
export function Identify({ state, shop }: IdentifyProps): ReactElement {
  const { t } = useTranslation();
  const given = proofFromAddress();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    void state.identify({ orderNumber: text("order"), email: text("email") });
  };
  return (
    <main className="flex flex-1 flex-col justify-center gap-5 overflow-y-auto px-5 py-6">
      <div>
        <h2 className="font-semibold text-page">{t("widget.hello")}</h2>
        <p className="mt-1 text-ink-soft">{t("widget.helloText")}</p>
      </div>
      {state.hasEnded && (
        <p
          role="status"
          className="flex gap-2 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-warn"
        >
          <Icon name="clock" className="mt-0.5" />
          {t("widget.ended")}
        </p>
      )}
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          name="order"
          label={t("widget.order")}
          testId="widget-order"
          defaultValue={given.order}
          required
          maxLength={64}
          autoComplete="off"
          autoCapitalize="characters"
        />
        <TextField
          name="email"
          type="email"
          label={t("widget.email")}
          testId="widget-email"
          defaultValue={given.email}
          required
          maxLength={200}
          autoComplete="email"
        />
        {state.error !== null && <ProblemNotice error={state.error} />}
        <Button look="primary" size="large" type="submit" isBusy={state.isBusy} data-testid="widget-identify">
          {t("widget.identify")}
        </Button>
      </form>
      <p className="flex gap-2 text-ink-faint text-small">
        <Icon name="approval" className="mt-px size-3.5" />
        {t("widget.privacy")}
      </p>
      {shop?.isDemo === true && <p className="text-ink-faint text-small">{t("widget.demoHint")}</p>}
    </main>
  );
}

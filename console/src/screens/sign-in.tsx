import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, type ReactElement, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { request } from "../api/request.ts";
import { useFormat } from "../format/use-format.ts";
import { LanguageSwitch } from "../shell/language-switch.tsx";
import { Logo } from "../shell/logo.tsx";
import { ThemeSwitch } from "../shell/theme-switch.tsx";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/states.tsx";

const route = getRouteApi("/sign-in");

export function SignIn(): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const shop = useQuery(queries.shop()).data;
  useEffect(() => {
    document.title = `${t("signIn.title")} · Waremind`;
  }, [t]);
  return (
    <div className="flex min-h-dvh flex-col">
      <div className="flex justify-end gap-1 p-3">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <main className="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center px-5 pb-24">
        <Logo className="mb-5 size-10" />
        <h1 className="font-semibold text-page tracking-[-0.012em]">
          {shop === undefined ? t("signIn.title") : t("signIn.titleShop", { shop: format.text(shop.name) })}
        </h1>
        <p className="mt-1 mb-6 text-ink-soft">{t("signIn.lead")}</p>
        <SignInForm />
        {shop?.isDemo === true && <p className="mt-5 text-ink-faint text-small">{t("signIn.demoHint")}</p>}
      </main>
    </div>
  );
}

function SignInForm(): ReactElement {
  const { t } = useTranslation();
  const client = useQueryClient();
  const router = useRouter();
  const { next } = route.useSearch();
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setIsBusy(true);
    setError(null);
    try {
      const body = { email: textOf(form, "email"), password: textOf(form, "password") };
      await request("/api/auth/sign-in/email", { method: "POST", body });
      client.removeQueries({ queryKey: ["me"] });
      await client.fetchQuery(queries.me());
      router.history.push(safePath(next));
    } catch (caught) {
      setError(caught);
      setIsBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      <TextField
        label={t("signIn.email")}
        testId="sign-in-email"
        name="email"
        type="email"
        autoComplete="username"
        required
        autoFocus
      />
      <TextField
        label={t("signIn.password")}
        testId="sign-in-password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      {error !== null && <ProblemNotice error={error} />}
      <Button look="primary" size="large" type="submit" isBusy={isBusy} data-testid="sign-in-submit">
        {t("signIn.submit")}
      </Button>
    </form>
  );
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

/** Only a path of this console: a link to the sign-in screen must not send a person elsewhere afterwards. */
function safePath(path: string | undefined): string {
  return path?.startsWith("/") === true && !path.startsWith("//") && !path.startsWith("/\\") ? path : "/";
}

import type { Shop } from "@waremind/contract";
import { type ReactElement, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { TimeZoneContext, useFormat } from "../format/use-format.ts";
import { LanguageSwitch } from "../shell/language-switch.tsx";
import { Logo } from "../shell/logo.tsx";
import { Button } from "../ui/button.tsx";
import { ChatView } from "./chat-view.tsx";
import { customerApi } from "./customer-api.ts";
import { askToClose, isEmbedded } from "./host.ts";
import { Identify } from "./identify.tsx";
import { useSession } from "./use-session.ts";

/** The customer's window: prove who you are, ask, and see the proof of every answer. */
export function Widget(): ReactElement {
  const state = useSession();
  const shop = useShop();
  const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  useEffect(() => {
    const close = (event: KeyboardEvent): void => {
      if (event.key === "Escape") askToClose();
    };
    window.addEventListener("keydown", close);
    return () => window.removeEventListener("keydown", close);
  }, []);
  return (
    <TimeZoneContext value={shop?.timeZone ?? browserZone}>
      <div className="mx-auto flex h-dvh max-w-2xl flex-col bg-surface text-[0.875rem] leading-[1.4rem] sm:border-line sm:border-x">
        <WidgetHeader shop={shop} onLeave={state.session === null ? null : state.leave} />
        {state.session === null ? (
          <Identify state={state} shop={shop} />
        ) : (
          <ChatView state={state} session={state.session} />
        )}
      </div>
    </TimeZoneContext>
  );
}

function useShop(): Shop | null {
  const [shop, setShop] = useState<Shop | null>(null);
  useEffect(() => {
    let isCurrent = true;
    customerApi.shop().then(
      (answer) => {
        if (isCurrent) setShop(answer);
      },
      () => {
        // Without the shop's name the window still works; the first real call says what is wrong.
      },
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  return shop;
}

interface WidgetHeaderProps {
  readonly shop: Shop | null;
  readonly onLeave: (() => void) | null;
}

function WidgetHeader({ shop, onLeave }: WidgetHeaderProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const name = shop === null ? t("widget.title") : format.text(shop.name);
  useEffect(() => {
    document.title = `${t("widget.title")} · ${name}`;
  }, [t, name]);
  return (
    <header className="flex items-center gap-2.5 border-line border-b py-2 pr-2 pl-4">
      <Logo className="size-7" />
      <div className="min-w-0 flex-1">
        <h1 className="truncate font-semibold leading-5">{name}</h1>
        <p className="truncate text-ink-faint text-small">{t("widget.subtitle")}</p>
      </div>
      <LanguageSwitch />
      {onLeave !== null && (
        <Button
          look="quiet"
          size="small"
          icon="sign-out"
          aria-label={t("widget.leave")}
          title={t("widget.leave")}
          onClick={onLeave}
        />
      )}
      {isEmbedded && (
        <Button look="quiet" size="small" icon="cross" aria-label={t("common.close")} onClick={askToClose} />
      )}
    </header>
  );
}

import { Dialog } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { type ReactElement, useContext, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { LiveContext } from "../api/use-live.ts";
import { useFormat } from "../format/use-format.ts";
import { Badge } from "../ui/badge.tsx";
import { Icon } from "../ui/icon.tsx";
import { AlarmAnnouncer } from "./alarm-announcer.tsx";
import { LanguageSwitch } from "./language-switch.tsx";
import { LiveBanner, LiveIndicator } from "./live-indicator.tsx";
import { Logo } from "./logo.tsx";
import { Navigation } from "./navigation.tsx";
import { ThemeSwitch } from "./theme-switch.tsx";
import { UserMenu } from "./user-menu.tsx";

/** The frame around every screen of a signed-in person. */
export function AppShell(): ReactElement {
  const { t } = useTranslation();
  const live = useContext(LiveContext);
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  return (
    <div className="flex min-h-dvh">
      <a
        href="#main"
        className="-translate-y-20 fixed top-2 left-2 z-50 rounded-control bg-accent px-3 py-2 font-medium text-accent-ink focus:translate-y-0"
      >
        {t("shell.skip")}
      </a>
      <aside className="sticky top-0 hidden h-dvh w-56 shrink-0 flex-col overflow-y-auto border-line border-r bg-sunken lg:flex">
        <Brand />
        <Navigation />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <Header />
        <LiveBanner />
        <main id="main" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <AlarmAnnouncer />
    </div>
  );
}

function Brand(): ReactElement {
  return (
    <div className="flex h-12 shrink-0 items-center gap-2.5 px-4">
      <Logo />
      <span className="font-semibold text-title tracking-[-0.01em]">Waremind</span>
    </div>
  );
}

function Header(): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const shop = useQuery(queries.shop()).data;
  return (
    <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-line border-b bg-canvas/90 px-3 backdrop-blur sm:px-5">
      <NavigationDrawer />
      <span className="min-w-0 truncate font-medium">{shop === undefined ? "" : format.text(shop.name)}</span>
      {shop?.isDemo === true && (
        <Badge tone="accent" className="max-xs:hidden">
          {t("shell.demo")}
        </Badge>
      )}
      <span className="flex-1" />
      <LiveIndicator />
      <LanguageSwitch />
      <ThemeSwitch />
      <UserMenu />
    </header>
  );
}

/** The navigation of narrow screens. */
function NavigationDrawer(): ReactElement {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Dialog.Root open={isOpen} onOpenChange={setIsOpen}>
      <Dialog.Trigger
        aria-label={t("shell.openNavigation")}
        className="-ml-1 grid size-9 place-items-center rounded-control text-ink-soft hover:bg-hover lg:hidden"
      >
        <Icon name="menu" />
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-30 bg-shade transition-opacity duration-200 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="fixed inset-y-0 left-0 z-40 w-64 max-w-[85vw] overflow-y-auto border-line border-r bg-sunken shadow-popup outline-none transition-transform duration-200 data-ending-style:-translate-x-full data-starting-style:-translate-x-full">
          <Dialog.Title className="sr-only">{t("shell.navigation")}</Dialog.Title>
          <Brand />
          <Navigation onFollow={() => setIsOpen(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

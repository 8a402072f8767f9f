import { Toast } from "@base-ui/react/toast";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

const shownMs = 6_000;
const toastsMax = 3;

/** Short messages in the corner; screen readers hear them. */
export function Toasts({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <Toast.Provider timeout={shownMs} limit={toastsMax}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-50 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

const looks: Record<string, { icon: IconName; text: string }> = {
  good: { icon: "check-circle", text: "text-good" },
  bad: { icon: "cross-circle", text: "text-bad" },
  alarm: { icon: "alarm", text: "text-warn" },
};

function ToastList(): ReactNode {
  const { t } = useTranslation();
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => {
    const look = looks[toast.type ?? "good"] ?? { icon: "check-circle", text: "text-good" };
    return (
      <Toast.Root
        key={toast.id}
        toast={toast}
        className="rounded-card border border-line bg-surface shadow-popup transition-[opacity,transform] duration-200 data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0"
      >
        <Toast.Content className="flex items-start gap-2.5 p-3">
          <Icon name={look.icon} className={classes("mt-0.5", look.text)} />
          <div className="min-w-0 flex-1">
            <Toast.Title className="font-medium" />
            <Toast.Description className="text-ink-soft" />
          </div>
          <Toast.Close
            aria-label={t("common.close")}
            className="-m-1 rounded-control p-1 text-ink-faint hover:bg-hover hover:text-ink"
          >
            <Icon name="cross" className="size-3.5" />
          </Toast.Close>
        </Toast.Content>
      </Toast.Root>
    );
  });
}

/** Says in the corner that something was done, or why it was not. */
export function useNotify(): (look: "good" | "bad" | "alarm", title: string, text?: string) => void {
  const { add } = Toast.useToastManager();
  return (look, title, text) => {
    add({ type: look, title, ...(text === undefined ? {} : { description: text }) });
  };
}

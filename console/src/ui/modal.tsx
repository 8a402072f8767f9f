import { Dialog } from "@base-ui/react/dialog";
import { type ReactElement, type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes.ts";
import { Icon } from "./icon.tsx";

export interface ModalProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

const fields = "input:not([type=file], [readonly], [disabled]), select, textarea";

/** A dialog in the middle of the screen; on a phone it rises from the bottom edge. */
export function Modal({ isOpen, onClose, title, className, children }: ModalProps): ReactElement {
  const { t } = useTranslation();
  const body = useRef<HTMLDivElement>(null);
  // Whoever opens a form wants to type; a finger is spared the keyboard that would cover half of it.
  const firstField = (openedBy: string): HTMLElement | true =>
    (openedBy === "touch" ? null : body.current?.querySelector<HTMLElement>(fields)) ?? true;
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-30 bg-shade transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup
          initialFocus={firstField}
          className={classes(
            "fixed z-40 flex max-h-[88dvh] w-full flex-col overflow-hidden border border-line bg-surface shadow-popup outline-none transition-[opacity,translate] duration-150 data-ending-style:translate-y-2 data-starting-style:translate-y-2 data-ending-style:opacity-0 data-starting-style:opacity-0",
            "inset-x-0 bottom-0 rounded-t-card sm:inset-x-auto sm:top-[12vh] sm:bottom-auto sm:left-1/2 sm:max-w-md sm:-translate-x-1/2 sm:rounded-card",
            className,
          )}
        >
          <header className="flex items-center justify-between gap-3 border-line border-b py-2 pr-2 pl-4">
            <Dialog.Title className="font-semibold text-title">{title}</Dialog.Title>
            <Dialog.Close
              aria-label={t("common.close")}
              className="grid size-8 place-items-center rounded-control text-ink-faint hover:bg-hover hover:text-ink"
            >
              <Icon name="cross" className="size-3.5" />
            </Dialog.Close>
          </header>
          <div ref={body} className="overflow-y-auto p-4">
            {children}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

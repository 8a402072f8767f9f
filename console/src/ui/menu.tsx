import { Menu } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";

export const popupStyle =
  "rounded-card border border-line bg-surface text-ink shadow-popup outline-none origin-(--transform-origin) transition-[opacity,scale] duration-100 data-ending-style:scale-[0.98] data-ending-style:opacity-0 data-starting-style:scale-[0.98] data-starting-style:opacity-0";

export const itemStyle =
  "flex cursor-default select-none items-center gap-2 rounded-control px-2 py-1.5 outline-none data-highlighted:bg-hover";

export interface DropMenuProps {
  readonly label: string;
  readonly trigger: ReactNode;
  readonly triggerClass?: string;
  readonly children: ReactNode;
}

export function DropMenu({ label, trigger, triggerClass, children }: DropMenuProps): ReactElement {
  return (
    <Menu.Root>
      <Menu.Trigger aria-label={label} className={triggerClass}>
        {trigger}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className="z-40 outline-none">
          <Menu.Popup className={classes(popupStyle, "min-w-44 p-1")}>{children}</Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

export function MenuAction({
  onClick,
  children,
  testId,
}: {
  readonly onClick: () => void;
  readonly children: ReactNode;
  readonly testId?: string;
}): ReactElement {
  return (
    <Menu.Item onClick={onClick} className={itemStyle} data-testid={testId}>
      {children}
    </Menu.Item>
  );
}

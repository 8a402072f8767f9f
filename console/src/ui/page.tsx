import { type ReactElement, type ReactNode, useEffect } from "react";
import { classes } from "./classes.ts";

export interface PageProps {
  readonly title: ReactNode;
  /** The browser tab's title when `title` is not plain text. */
  readonly tabTitle?: string;
  readonly lead?: ReactNode;
  readonly above?: ReactNode;
  readonly actions?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** The frame of a screen: a heading with its actions, then the body. */
export function Page({
  title,
  tabTitle,
  lead,
  above,
  actions,
  className,
  children,
}: PageProps): ReactElement {
  const tab = tabTitle ?? (typeof title === "string" ? title : "");
  useEffect(() => {
    document.title = tab === "" ? "Waremind" : `${tab} · Waremind`;
  }, [tab]);
  return (
    <div className={classes("mx-auto w-full max-w-[84rem] px-4 pt-5 pb-16 sm:px-6", className)}>
      {above}
      <header className="mb-4 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="flex flex-wrap items-center gap-x-3 gap-y-1 text-balance font-semibold text-page tracking-[-0.012em]">
            {title}
          </h1>
          {lead !== undefined && <p className="mt-0.5 max-w-[100ch] text-pretty text-ink-soft">{lead}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

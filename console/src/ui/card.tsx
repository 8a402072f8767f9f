import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";

export interface CardProps {
  readonly title?: ReactNode;
  readonly aside?: ReactNode;
  readonly className?: string;
  /** False: the body reaches the edges, for tables and lists. */
  readonly isPadded?: boolean;
  readonly id?: string;
  readonly children: ReactNode;
}

export function Card({ title, aside, className, isPadded = true, id, children }: CardProps): ReactElement {
  return (
    <section
      id={id}
      className={classes("min-w-0 rounded-card border border-line bg-surface shadow-card", className)}
    >
      {title !== undefined && (
        <header className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-line border-b px-4 py-1.5">
          <h2 className="font-semibold text-base">{title}</h2>
          {aside}
        </header>
      )}
      <div className={isPadded ? "p-4" : undefined}>{children}</div>
    </section>
  );
}

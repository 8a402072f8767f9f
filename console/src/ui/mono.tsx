import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";

/** Identifiers: one width per character, never broken by a language's rules. */
export function Mono({
  children,
  className,
}: {
  readonly children: ReactNode;
  readonly className?: string;
}): ReactElement {
  return (
    <span translate="no" className={classes("font-mono text-small", className)}>
      {children}
    </span>
  );
}

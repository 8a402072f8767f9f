import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { Icon } from "./icon.tsx";
import type { Place } from "./place.ts";

export function BackLink({
  to,
  children,
}: {
  readonly to: Place;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <Link to={to} className="mb-2 inline-flex items-center gap-1.5 text-ink-soft text-small hover:text-ink">
      <Icon name="arrow-left" className="size-3.5" />
      {children}
    </Link>
  );
}

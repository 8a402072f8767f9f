import type { ReactElement } from "react";
import { useNow } from "../clock.ts";
import { useFormat } from "../format/use-format.ts";

/** How old something is, kept up to date; the exact time is one hover away. */
export function Age({ at, className }: { readonly at: number; readonly className?: string }): ReactElement {
  const format = useFormat();
  const time = useNow(5_000);
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={format.instant(at, "full")}
      className={className ?? "whitespace-nowrap"}
    >
      {format.age(at, time)}
    </time>
  );
}

import type { ReactElement, ReactNode } from "react";

export interface FactsListProps {
  /** Pairs of a name and its value; a pair whose value is null is left out. */
  readonly rows: readonly (readonly [name: string, value: ReactNode])[];
}

/** Names and values in two aligned columns. */
export function FactsList({ rows }: FactsListProps): ReactElement {
  return (
    <dl className="grid grid-cols-[minmax(6.5rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      {rows
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-soft">{name}</dt>
            <dd className="min-w-0">{value}</dd>
          </div>
        ))}
    </dl>
  );
}

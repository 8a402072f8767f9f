import type { ReactElement } from "react";
import { HrefLink } from "./href-link.tsx";

export interface TabLink {
  readonly id: string;
  readonly label: string;
  readonly count?: number | undefined;
}

export interface TabLinksProps {
  readonly label: string;
  readonly tabs: readonly TabLink[];
  readonly current: string;
  /** The address of a tab, a path of this console. */
  readonly hrefOf: (id: string) => string;
}

/** Parts of one screen, each with an address of its own (`?tab=`). */
export function TabLinks({ label, tabs, current, hrefOf }: TabLinksProps): ReactElement {
  return (
    <nav aria-label={label} className="mb-4 overflow-x-auto border-line border-b">
      <ul className="flex min-w-max gap-1">
        {tabs.map((tab) => (
          <li key={tab.id}>
            <HrefLink
              href={hrefOf(tab.id)}
              isCurrent={tab.id === current}
              testId={`tab-${tab.id}`}
              className="-mb-px flex h-9 items-center gap-1.5 border-transparent border-b-2 px-3 text-ink-soft -outline-offset-2 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-ink"
            >
              {tab.label}
              {tab.count !== undefined && tab.count > 0 && (
                <span className="rounded-full border border-line bg-sunken px-1.5 text-micro">
                  {tab.count}
                </span>
              )}
            </HrefLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

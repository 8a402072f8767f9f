import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { DeviceRow } from "@waremind/contract";
import { type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Mono } from "../../ui/mono.tsx";
import { type DeviceColumn, useDeviceColumns } from "./device-columns.tsx";
import type { DeviceFilter, SortKey } from "./filter-devices.ts";

/** Every row is this high, so that the place of each is known without drawing it. */
const rowHeight = 45;
/** Rows drawn above and below what is seen, for quick scrolling. */
const overscanRows = 12;

export interface DeviceTableProps {
  readonly rows: readonly DeviceRow[];
  readonly filter: DeviceFilter;
  readonly onSort: (key: SortKey) => void;
}

/**
 * All devices at once: only the rows in sight are drawn, between two spacers, and screen readers are told the row's number
 * out of all. The arrow keys walk through the rows, Enter opens one.
 */
export function DeviceTable({ rows, filter, onSort }: DeviceTableProps): ReactElement {
  const { t } = useTranslation();
  const columns = useDeviceColumns();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: overscanRows,
  });
  const { active, move } = useActiveRow(rows.length, scroller, (index) => virtual.scrollToIndex(index));
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys that reach it come from the links of its rows.
    <div
      ref={scroller}
      onKeyDown={move}
      className="max-h-[calc(100dvh-13.5rem)] relative min-h-72 overflow-auto rounded-card"
    >
      <table
        aria-rowcount={rows.length + 1}
        data-testid="device-table"
        data-rows={rows.length}
        className="w-full table-fixed border-collapse text-left"
      >
        <caption className="sr-only">
          {t("nav.devices")}. {t("devices.tableKeys")}
        </caption>
        <thead className="sticky top-0 z-10 bg-surface">
          <tr aria-rowindex={1} className="text-ink-faint text-small shadow-[inset_0_-1px_var(--line)]">
            {columns.map((column) => (
              <HeadCell key={column.key} column={column} filter={filter} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Spacer height={before} />}
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <TableRow
                key={row.id}
                row={row}
                index={item.index}
                columns={columns}
                isActive={item.index === active}
              />
            );
          })}
          {after > 0 && <Spacer height={after} />}
        </tbody>
      </table>
    </div>
  );
}

/** The room of rows that are not drawn. */
function Spacer({ height }: { readonly height: number }): ReactElement {
  return (
    <tr style={{ height }}>
      <td />
    </tr>
  );
}

const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 };

/** One row takes the Tab key; the arrow keys give it to others, drawn or not. */
function useActiveRow(
  count: number,
  scroller: React.RefObject<HTMLDivElement | null>,
  scrollTo: (index: number) => void,
): { active: number; move: (event: KeyboardEvent) => void } {
  const [active, setActive] = useState(0);
  const wantsFocus = useRef(false);
  const clamped = Math.min(active, Math.max(0, count - 1));
  useEffect(() => {
    if (!wantsFocus.current) return;
    const link = scroller.current?.querySelector<HTMLElement>(`[data-row="${clamped}"]`);
    if (link === null || link === undefined) return;
    wantsFocus.current = false;
    link.focus({ preventScroll: true });
  });
  const move = (event: KeyboardEvent): void => {
    const isEdge = event.key === "Home" || event.key === "End";
    const step = steps[event.key];
    if (count === 0 || (step === undefined && !isEdge)) return;
    event.preventDefault();
    const focused = document.activeElement?.getAttribute("data-row");
    const from = focused === null || focused === undefined ? clamped : Number(focused);
    const wanted = isEdge ? (event.key === "Home" ? 0 : count - 1) : from + (step ?? 0);
    const next = Math.min(count - 1, Math.max(0, wanted));
    wantsFocus.current = true;
    setActive(next);
    scrollTo(next);
    scroller.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus({ preventScroll: true });
  };
  return { active: clamped, move };
}

interface HeadCellProps {
  readonly column: DeviceColumn;
  readonly filter: DeviceFilter;
  readonly onSort: (key: SortKey) => void;
}

function HeadCell({ column, filter, onSort }: HeadCellProps): ReactElement {
  const { sort } = column;
  const isSorted = sort !== undefined && filter.sort === sort;
  const direction = filter.isDescending ? "descending" : "ascending";
  return (
    <th
      scope="col"
      aria-sort={isSorted ? direction : undefined}
      className={classes("px-3 py-2 font-medium first:pl-4 last:pr-4", column.className)}
    >
      {sort === undefined ? (
        column.title
      ) : (
        <button
          type="button"
          onClick={() => onSort(sort)}
          className={classes("inline-flex items-center gap-1 hover:text-ink", isSorted && "text-ink")}
        >
          {column.title}
          {isSorted && (
            <Icon name="chevron-down" className={classes("size-3", !filter.isDescending && "rotate-180")} />
          )}
        </button>
      )}
    </th>
  );
}

interface TableRowProps {
  readonly row: DeviceRow;
  readonly index: number;
  readonly columns: readonly DeviceColumn[];
  readonly isActive: boolean;
}

function TableRow({ row, index, columns, isActive }: TableRowProps): ReactElement {
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid={`device-row-${row.name}`}
      style={{ height: rowHeight }}
      className="relative border-line border-b last:border-b-0 hover:bg-hover focus-within:bg-hover"
    >
      {columns.map((column) => (
        <td
          key={column.key}
          className={classes("truncate px-3 py-1 align-middle first:pl-4 last:pr-4", column.className)}
        >
          {column.key === "name" ? (
            <NameCell row={row} index={index} isActive={isActive} />
          ) : (
            column.cell(row)
          )}
        </td>
      ))}
    </tr>
  );
}

function NameCell({ row, index, isActive }: Omit<TableRowProps, "columns">): ReactElement {
  return (
    <Link
      to="/devices/$deviceName"
      params={{ deviceName: row.name }}
      preload={false}
      data-row={index}
      tabIndex={isActive ? 0 : -1}
      className="flex flex-col after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-accent focus-visible:after:-outline-offset-2"
    >
      <span className="truncate font-medium">{row.label === "" ? row.name : row.label}</span>
      <Mono className="truncate text-ink-faint text-micro">{row.name}</Mono>
    </Link>
  );
}

import type { LocationView, ShelfCellView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useNow } from "../../clock.ts";
import { useFormat } from "../../format/use-format.ts";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Mono } from "../../ui/mono.tsx";
import { CellDetail } from "./cell-detail.tsx";

/** Below this width a cell is not read any more, so the map scrolls sideways instead. */
const cellWidthRemMin = 8.5;

interface ShelfMapProps {
  readonly location: LocationView;
  readonly openCellId: string | undefined;
  readonly onOpen: (cellId: string | undefined) => void;
}

/** The shelves of one place as they stand: a row of the map is a row of the shelf. */
export function ShelfMap({ location, openCellId, onOpen }: ShelfMapProps): ReactElement {
  const { t } = useTranslation();
  const open = location.cells.find((cell) => cell.id === openCellId) ?? null;
  const rows = rowsOf(location.cells);
  const columnCount = Math.max(1, ...location.cells.map((cell) => cell.column));
  const mismatches = location.cells.filter((cell) => cell.isMismatch).length;
  return (
    <section className="rounded-card border border-line bg-surface shadow-card">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1 border-line border-b px-4 py-2.5 text-ink-soft text-small">
        <span className="flex items-center gap-1.5">
          <strong className="font-semibold text-ink text-title leading-none">n</strong>{" "}
          {t("stock.legendSensed")}
        </span>
        <span className="flex items-center gap-1.5">
          <span className="text-ink-faint">/ n</span> {t("stock.legendBooked")}
        </span>
        <span className={classes("flex items-center gap-1.5", mismatches > 0 && "font-medium text-warn")}>
          <Icon name={mismatches > 0 ? "alarm" : "check"} className="size-3.5" />
          {t("stock.mismatches", { count: mismatches })}
        </span>
      </header>
      <div className="flex flex-col gap-3 overflow-x-auto p-4">
        {rows.map(([row, cells]) => (
          <ul
            key={row}
            aria-label={t("stock.shelfRow", { row })}
            className="grid gap-1.5 border-line-strong border-b-[3px] pb-1.5"
            style={{
              gridTemplateColumns: `repeat(${columnCount}, minmax(0, 1fr))`,
              minWidth: `${columnCount * cellWidthRemMin}rem`,
            }}
          >
            {cells.map((cell) => (
              <li key={cell.id} style={{ gridColumn: cell.column }}>
                <ShelfCell cell={cell} onOpen={() => onOpen(cell.id)} />
              </li>
            ))}
          </ul>
        ))}
      </div>
      <CellDetail cell={open} onClose={() => onOpen(undefined)} />
    </section>
  );
}

function rowsOf(cells: readonly ShelfCellView[]): readonly (readonly [number, readonly ShelfCellView[]])[] {
  const rows = Map.groupBy(cells, (cell) => cell.row);
  return [...rows]
    .toSorted(([one], [other]) => one - other)
    .map(([row, members]) => [row, members.toSorted((one, other) => one.column - other.column)] as const);
}

interface ShelfCellProps {
  readonly cell: ShelfCellView;
  readonly onOpen: () => void;
}

function ShelfCell({ cell, onOpen }: ShelfCellProps): ReactElement {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      onClick={onOpen}
      data-testid={`cell-${cell.code}`}
      data-sensed={cell.sensedUnits ?? undefined}
      className={classes(
        "relative flex h-28 w-full flex-col overflow-hidden rounded-control border px-2.5 py-2 text-left transition-colors hover:border-accent",
        cell.isMismatch ? "border-warn-line bg-warn-soft" : "border-line bg-sunken",
        cell.variantId === null && "border-dashed bg-transparent",
      )}
    >
      <span className="flex w-full items-center justify-between">
        <Mono className="text-ink-faint text-micro">{cell.code}</Mono>
        {cell.isMismatch && (
          <span className="flex items-center gap-0.5 font-medium text-micro text-warn">
            <Icon name="alarm" className="size-3" />
            {t("stock.mismatch")}
          </span>
        )}
      </span>
      {cell.variantId === null ? (
        <span className="m-auto text-ink-faint text-small">{t("stock.empty")}</span>
      ) : (
        <CellContent cell={cell} />
      )}
    </button>
  );
}

/** What lies in a cell: sensed large, booked beside it, and how full the cell is. */
function CellContent({ cell }: { readonly cell: ShelfCellView }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const share = Math.min(1, (cell.sensedUnits ?? cell.bookedUnits ?? 0) / Math.max(1, cell.capacityUnits));
  const sensedInk = cell.sensedUnits === null ? "text-ink-faint" : "text-ink";
  return (
    <>
      <span className="line-clamp-2 font-medium text-small leading-4">
        {cell.title === null ? cell.sku : format.text(cell.title)}
      </span>
      <span className="mt-auto flex w-full items-baseline gap-1">
        <span className={classes("font-semibold text-page leading-none", sensedInk)}>
          {cell.sensedUnits ?? "–"}
        </span>
        <span className="text-ink-faint text-small">/ {cell.bookedUnits ?? "–"}</span>
        <span className="ml-auto text-ink-faint text-micro">
          {cell.sensedAt === null ? t("stock.noSensor") : <SensedTime at={cell.sensedAt} />}
        </span>
      </span>
      <span className="absolute inset-x-0 bottom-0 h-1 bg-line">
        <span
          className={classes("block h-full", cell.isMismatch ? "bg-warn" : "bg-accent")}
          style={{ width: `${share * 100}%` }}
        />
      </span>
    </>
  );
}

/** When the scale last told a count; its age is one hover away and in the cell's detail. */
function SensedTime({ at }: { readonly at: number }): ReactElement {
  const format = useFormat();
  const time = useNow(30_000);
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={`${format.instant(at, "full")} · ${format.age(at, time)}`}
    >
      {format.instant(at, "time")}
    </time>
  );
}

import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";

export interface Column<Row> {
  readonly key: string;
  readonly title: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand right, so that their digits align. */
  readonly isNumber?: boolean;
  /** Hidden on narrow screens. */
  readonly from?: "sm" | "md" | "lg" | "xl";
  readonly className?: string;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly testIdOf?: (row: Row) => string;
  readonly rowClass?: (row: Row) => string | undefined;
}

const hiddenUntil = {
  sm: "hidden sm:table-cell",
  md: "hidden md:table-cell",
  lg: "hidden lg:table-cell",
  xl: "hidden xl:table-cell",
} as const;

export function DataTable<Row>(props: DataTableProps<Row>): ReactElement {
  const { label, columns, rows, keyOf, testIdOf, rowClass } = props;
  return (
    <div className="relative overflow-x-auto">
      <table className="w-full border-collapse text-left">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr className="border-line border-b text-ink-faint text-small">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={classes(
                  "whitespace-nowrap px-3 py-2 font-medium first:pl-4 last:pr-4",
                  column.isNumber === true && "text-right",
                  column.from && hiddenUntil[column.from],
                )}
              >
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              data-testid={testIdOf?.(row)}
              className={classes(
                "group relative border-line border-b last:border-b-0 hover:bg-hover",
                rowClass?.(row),
              )}
            >
              {columns.map((column) => (
                <td
                  key={column.key}
                  className={classes(
                    "px-3 py-2 align-middle first:pl-4 last:pr-4",
                    column.isNumber === true && "whitespace-nowrap text-right",
                    column.from && hiddenUntil[column.from],
                    column.className,
                  )}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

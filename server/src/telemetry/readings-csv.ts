// Readings as comma-separated values (RFC 4180), verbatim: a text that looks like a formula stays the text that was sent,
// so open such a file in a spreadsheet as text. Bounded memory, whatever the period.
import type { Connection } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { textOfValue } from "./decimal.ts";
import type { StoredReading, Telemetry } from "./reading.ts";

/** One series of an export, with the names it bears in the file. */
export interface ExportedSeries {
  readonly seriesId: number;
  readonly deviceName: string;
  readonly key: string;
  readonly unit: string | null;
}

export interface ExportedReading extends StoredReading {
  readonly series: ExportedSeries;
}

export const exportSeriesMax = 100;
/** Lines go out in pieces of about this many characters. */
const pieceLengthMin = 32_768;

type Source = Pick<Telemetry, "readings">;

interface Cursor {
  readonly series: ExportedSeries;
  readonly rest: AsyncIterator<StoredReading>;
  next: StoredReading;
}

/**
 * Readings of several series (at most a hundred), `from` and `to` inclusive, all together in the order of their time;
 * at one time in the order of the series asked for.
 *
 * @throws DomainError `limit-reached` for more series than that.
 */
export async function* exportReadings(
  telemetry: Source,
  series: readonly ExportedSeries[],
  options: { readonly from: number; readonly to: number; readonly connection?: Connection },
): AsyncIterable<ExportedReading> {
  if (series.length > exportSeriesMax) throw tooManySeries(series.length);
  const open: Cursor[] = [];
  for (const one of series) {
    const rest = telemetry.readings(one.seriesId, options)[Symbol.asyncIterator]();
    const first = await rest.next();
    if (first.done !== true) open.push({ series: one, rest, next: first.value });
  }
  while (open.length > 0) {
    const earliest = open.reduce((best, one) => (one.next.observedAt < best.next.observedAt ? one : best));
    yield { ...earliest.next, series: earliest.series };
    const next = await earliest.rest.next();
    if (next.done === true) open.splice(open.indexOf(earliest), 1);
    else earliest.next = next.value;
  }
}

const header = "device,key,unit,type,observed_at,observed_time,received_at,value\r\n";

/**
 * The same as text, header first, in pieces of some 32 KB: `observed_at` and `received_at` in epoch milliseconds,
 * `observed_time` in ISO 8601 (UTC), the value as it was sent.
 */
export async function* readingsCsv(
  telemetry: Source,
  series: readonly ExportedSeries[],
  options: { readonly from: number; readonly to: number; readonly connection?: Connection },
): AsyncIterable<string> {
  let piece = header;
  for await (const { series: of, observedAt, receivedAt, value } of exportReadings(
    telemetry,
    series,
    options,
  )) {
    piece += csvLine([
      of.deviceName,
      of.key,
      of.unit ?? "",
      value.type,
      String(observedAt),
      new Date(observedAt).toISOString(),
      String(receivedAt),
      textOfValue(value),
    ]);
    if (piece.length < pieceLengthMin) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/** One record with its line end. Fields with a comma, a quote, a line end or a space at an edge stand in quotes. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(",")}\r\n`;
}

function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function tooManySeries(count: number): DomainError {
  return new DomainError(
    "limit-reached",
    {
      en: `${count} series were asked for at once; at most ${exportSeriesMax} go into one file. Export them in parts.`,
      zh: `一次请求了 ${count} 个序列；一个文件最多包含 ${exportSeriesMax} 个，请分批导出。`,
    },
    { count, exportSeriesMax },
  );
}

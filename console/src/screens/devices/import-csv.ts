import { type DeviceImportRow, deviceImportBytesMax } from "@waremind/contract";

/** What is imported: lines that were pasted, or a file just as it was saved; the server finds out its encoding. */
export type ImportSource = string | File;

const bytesOf = (source: ImportSource): number =>
  typeof source === "string" ? new Blob([source]).size : source.size;

export const isTooBig = (source: ImportSource): boolean => bytesOf(source) > deviceImportBytesMax;

export const isNothing = (source: ImportSource): boolean =>
  typeof source === "string" ? source.trim() === "" : source.size === 0;

/** The tokens of the devices that were made, as a table for a spreadsheet or a flashing tool. */
export function tokensCsv(rows: readonly DeviceImportRow[]): string {
  const lines = rows
    .filter((row) => row.token !== null)
    .map((row) => `${csvCell(row.name)},${csvCell(row.token ?? "")}`);
  return ["name,token", ...lines, ""].join("\r\n");
}

/** Quoted when it must be (RFC 4180); a leading `=`, `+`, `-` or `@` gets a quote mark that spreadsheets read as text. */
export function csvCell(text: string): string {
  const safe = /^[=+@\t\r-]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

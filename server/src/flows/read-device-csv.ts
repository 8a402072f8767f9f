// A table of devices as a person saved it: UTF-8, UTF-16 or GB 18030 (Excel in Chinese), by comma, semicolon or tab.
import { deviceImportBytesMax } from "@waremind/contract";
import { CsvError, parse } from "csv-parse/sync";
import { DomainError } from "../platform/errors.ts";

export const deviceCsvLinesMax = 10_000;
const recordLengthMax = 4_096;

export const deviceCsvColumns = ["name", "label", "profile", "gateway", "token"] as const;
export type DeviceCsvColumn = (typeof deviceCsvColumns)[number];
export type DeviceCsvLine = Readonly<Record<DeviceCsvColumn, string>> & {
  /** As an editor counts it; of a value over several lines, its last. */
  readonly line: number;
  /** More values than the header has columns. */
  readonly isTooLong: boolean;
};

/** @throws DomainError `invalid-input` for a file that is no such table, `payload-too-large`, `limit-reached` */
export function readDeviceCsv(csv: Uint8Array | string): DeviceCsvLine[] {
  refuseTooLarge(typeof csv === "string" ? Buffer.byteLength(csv) : csv.byteLength);
  const text = typeof csv === "string" ? csv : decode(csv);
  const [header, ...records] = parseRecords(text);
  if (header === undefined) throw emptyFile();
  const columns = readHeader(header.record);
  if (records.length > deviceCsvLinesMax) {
    throw new DomainError(
      "limit-reached",
      {
        en: `The file has ${records.length} devices; at most ${deviceCsvLinesMax} are taken at once. Split it.`,
        zh: `文件中有 ${records.length} 个设备；一次最多导入 ${deviceCsvLinesMax} 个，请拆分文件。`,
      },
      { allowed: deviceCsvLinesMax, observed: records.length },
    );
  }
  return records.map(({ record, line }) => {
    const value = (column: DeviceCsvColumn) => record[columns.indexOf(column)] ?? "";
    return {
      ...{ line, isTooLong: record.length > columns.length },
      ...{ name: value("name"), label: value("label"), profile: value("profile") },
      ...{ gateway: value("gateway"), token: value("token") },
    };
  });
}

function refuseTooLarge(bytes: number): void {
  if (bytes <= deviceImportBytesMax) return;
  throw new DomainError(
    "payload-too-large",
    {
      en: `The file has ${bytes} bytes; at most ${deviceImportBytesMax} are taken. Split it.`,
      zh: `文件为 ${bytes} 字节；最多接受 ${deviceImportBytesMax} 字节，请拆分文件。`,
    },
    { allowed: deviceImportBytesMax, observed: bytes },
  );
}

/** By the mark at its beginning; without one UTF-8 where it is that, else what spreadsheets in Chinese write. */
function encodingsOf([first, second]: Uint8Array): readonly string[] {
  if (first === 0xff && second === 0xfe) return ["utf-16le"];
  if (first === 0xfe && second === 0xff) return ["utf-16be"];
  return ["utf-8", "gb18030"];
}

function decode(bytes: Uint8Array): string {
  for (const encoding of encodingsOf(bytes)) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // The next encoding; when none fits, that is said below.
    }
  }
  throw new DomainError("invalid-input", {
    en: "The file is no text in UTF-8, UTF-16 or GB 18030. Save it as CSV UTF-8.",
    zh: "文件不是 UTF-8、UTF-16 或 GB 18030 编码的文本。请另存为 CSV UTF-8。",
  });
}

interface Recorded {
  readonly record: readonly string[];
  readonly line: number;
}

function parseRecords(text: string): Recorded[] {
  try {
    // One line end: the parser counts the two characters of another as two lines inside quotation marks.
    const recorded: unknown = parse(text.replaceAll(/\r\n?/gu, "\n"), {
      bom: true,
      delimiter: delimiterOf(text),
      info: true,
      max_record_size: recordLengthMax,
      relax_column_count: true,
      skip_empty_lines: true,
      to: deviceCsvLinesMax + 2,
      trim: true,
    });
    const records = recorded as { info: { lines: number }; record: string[] }[];
    return records
      .map(({ info, record }) => ({ record, line: info.lines }))
      .filter(({ record }) => record.some((value) => value !== ""));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error["lines"]);
    throw new DomainError(
      "invalid-input",
      {
        en: `Line ${line} cannot be read: a quotation mark is not closed or stands in the middle, or the line has more than ${recordLengthMax} characters.`,
        zh: `第 ${line} 行无法读取：引号未闭合或位置不对，或该行超过 ${recordLengthMax} 个字符。`,
      },
      { line, reason: error.code },
      error,
    );
  }
}

/** What the header is divided by: spreadsheets of some countries write semicolons. */
function delimiterOf(text: string): string {
  const header = text.slice(0, recordLengthMax).split(/\r|\n/u, 1)[0] ?? "";
  return [",", ";", "\t"].find((delimiter) => header.includes(delimiter)) ?? ",";
}

function readHeader(header: readonly string[]): DeviceCsvColumn[] {
  return header.map((text, index) => {
    const column = deviceCsvColumns.find((known) => known === text.toLowerCase());
    const isFirst = header.findIndex((other) => other.toLowerCase() === column) === index;
    if (column !== undefined && isFirst) return column;
    const known = deviceCsvColumns.join(", ");
    throw new DomainError(
      "invalid-input",
      {
        en: `The first line names the columns: ${known}, each once. "${text}" is none of them or stands there twice.`,
        zh: `第一行须为列名：${known}，每列一次。“${text}”不是其中之一或重复出现。`,
      },
      { line: 1, column: text },
    );
  });
}

function emptyFile(): DomainError {
  return new DomainError("invalid-input", {
    en: `The file is empty. Its first line names the columns: ${deviceCsvColumns.join(", ")}.`,
    zh: `文件为空。第一行须为列名：${deviceCsvColumns.join(", ")}。`,
  });
}

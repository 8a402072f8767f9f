/** An instant as the customer's calendar and clock show it. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 1 Monday … 7 Sunday. */
  readonly weekday: number;
  /** Days since 1970-01-01 of the local date. */
  readonly dayNumber: number;
}

const cacheSizeMax = 2_000;
const dayMs = 86_400_000;

export function localTimeIn(timeZone: string): (at: number) => LocalTime {
  const format = formatFor(timeZone);
  const known = new Map<number, LocalTime>();
  return (at) => {
    const cached = known.get(at);
    if (cached !== undefined) return cached;
    const local = read(format, at);
    if (known.size < cacheSizeMax) known.set(at, local);
    return local;
  };
}

/** An unknown zone is read as UTC, so that a check never fails on it. */
function formatFor(timeZone: string): Intl.DateTimeFormat {
  const options = {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  } as const;
  try {
    return new Intl.DateTimeFormat("en-US", { ...options, timeZone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" });
  }
}

function read(format: Intl.DateTimeFormat, at: number): LocalTime {
  const parts = new Map(format.formatToParts(new Date(at)).map((part) => [part.type, Number(part.value)]));
  const year = parts.get("year") ?? 1970;
  const month = parts.get("month") ?? 1;
  const day = parts.get("day") ?? 1;
  const dayNumber = dayNumberOf(year, month, day);
  return {
    year,
    month,
    day,
    hour: parts.get("hour") ?? 0,
    minute: parts.get("minute") ?? 0,
    second: parts.get("second") ?? 0,
    weekday: ((((dayNumber + 3) % 7) + 7) % 7) + 1,
    dayNumber,
  };
}

export const dayNumberOf = (year: number, month: number, day: number): number =>
  Math.floor(Date.UTC(year, month - 1, day) / dayMs);

/** The Monday-based week of a day number. */
export const weekNumberOf = (dayNumber: number): number => Math.floor((dayNumber + 3) / 7);

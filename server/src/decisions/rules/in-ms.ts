/** Whole milliseconds, so that every instant of an alarm is one. */
export const inMs = (seconds: number): number => Math.round(seconds * 1_000);

// Arithmetic of the explorer's window: pure, instants in epoch milliseconds.

export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** The narrowest window, milliseconds: readings have no finer time. */
export const windowMsMin = 1_000;
/** The widest: ten years. */
export const windowMsMax = 3_650 * 86_400_000;
/** Series drawn together; more would be told apart by nobody. */
export const seriesMax = 6;
/** Points that one series asks for; the server answers no more. */
const pointsMax = 2_000;
const pointsMin = 200;

/** Makes a window narrower (`factor` < 1) or wider around one instant, which stays where it is on the screen. */
export function zoomWindow(window: TimeWindow, factor: number, around: number): TimeWindow {
  const width = window.to - window.from;
  const next = Math.min(windowMsMax, Math.max(windowMsMin, width * factor));
  const share = width <= 0 ? 0.5 : (around - window.from) / width;
  const from = Math.round(around - share * next);
  return { from, to: from + Math.round(next) };
}

/** Moves a window by a share of its own width; never past `latest`, where nothing can have been measured yet. */
export function panWindow(window: TimeWindow, share: number, latest: number): TimeWindow {
  const width = window.to - window.from;
  const to = Math.min(latest, Math.round(window.to + width * share));
  return { from: to - width, to };
}

/** A window from the address; null when it is none. */
export function parseWindow(from: string | undefined, to: string | undefined): TimeWindow | null {
  const window = { from: Number(from), to: Number(to) };
  const isGood =
    Number.isSafeInteger(window.from) &&
    Number.isSafeInteger(window.to) &&
    window.from > 0 &&
    window.to - window.from >= windowMsMin &&
    window.to - window.from <= windowMsMax;
  return isGood ? window : null;
}

/** How many points a drawing of this width can show: two a pixel, so that both ends of a spike are there. */
export function pointsFor(widthPixels: number): number {
  // In steps of a hundred, so that a resize by a pixel does not ask the server again.
  return Math.min(pointsMax, Math.max(pointsMin, Math.ceil((widthPixels * 2) / 100) * 100));
}

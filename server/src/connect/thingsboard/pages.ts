// A key's history page by page, such that a page never ends within a millisecond.
import { DomainError } from "../../platform/errors.ts";
import { type SourcePoint, sourceLimits, type ThingsboardSource } from "./source.ts";

export interface HistoryPage {
  readonly points: readonly SourcePoint[];
  /** Where the next page begins, inclusive; null after the last. Everything before it was on this page or earlier. */
  readonly nextAt: number | null;
}

/**
 * One page. A full answer may have cut its last millisecond in two, so that millisecond is left to the next page; when
 * the whole answer is of one millisecond, it is asked for again with a larger limit.
 *
 * @throws DomainError `limit-reached` when one millisecond holds more points than the largest page.
 */
export async function readPage(
  source: Pick<ThingsboardSource, "points">,
  deviceId: string,
  ask: { readonly key: string; readonly from: number; readonly to: number },
  limits: { readonly pointsPerPage: number; readonly pointsPerPageMax: number } = sourceLimits,
): Promise<HistoryPage> {
  for (let limit = limits.pointsPerPage; limit <= limits.pointsPerPageMax; limit *= 4) {
    const points = await source.points(deviceId, { ...ask, limit });
    const lastAt = points.at(-1)?.at;
    if (lastAt === undefined || points.length < limit) return { points, nextAt: null };
    const whole = points.filter((point) => point.at < lastAt);
    if (whole.length > 0) return { points: whole, nextAt: lastAt };
  }
  throw new DomainError(
    "limit-reached",
    {
      en: `${ask.key} holds more than ${limits.pointsPerPageMax} points in the one millisecond ${ask.from}.`,
      zh: `${ask.key} 在毫秒 ${ask.from} 内的数据点超过 ${limits.pointsPerPageMax} 个。`,
    },
    { key: ask.key, at: ask.from },
  );
}

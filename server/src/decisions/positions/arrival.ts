// When a vehicle will arrive, as an interval: from its own pace along the route so far.

/** How far along its route a vehicle was at an instant. */
export interface Progress {
  readonly observedAt: number;
  readonly metresAlong: number;
}

export interface ArrivalOptions {
  /** What is expected of the way before anything was driven, and how sure that is. */
  readonly usualSpeedKmh: number;
  /** Standard deviation of the pace of one stretch, as a share of the usual pace, before anything was driven. */
  readonly usualSpread: number;
  /** The way is looked at in stretches of so many metres. */
  readonly stretchMetres: number;
  /** Known standing time on the way still to go (deliveries, rests), minutes. */
  readonly stopMinutesAhead: number;
}

export const usualArrivalOptions: ArrivalOptions = {
  usualSpeedKmh: 50,
  usualSpread: 0.5,
  stretchMetres: 2_000,
  stopMinutesAhead: 0,
};

export interface Arrival {
  readonly arrivesAt: number;
  /** Four of five arrivals lie between the two. */
  readonly earliestAt: number;
  readonly latestAt: number;
  readonly metresLeft: number;
  /** The pace it is reckoned with. */
  readonly speedKmh: number;
  /** Stretches of the vehicle's own way that the pace rests on. */
  readonly stretchCount: number;
}

const kmhPerMetreMs = 3_600;
/** A normal quantile: 80 % lie within ±1.2816 standard deviations. */
const quantileOfFourFifths = 1.2816;
/** What is expected beforehand weighs like so many stretches of one's own. */
const priorStretches = 4;
/** Slow stretches follow slow ones: neighbours share this much of their deviation (order-1 autocorrelation). */
const correlation = 0.5;

/**
 * The pace (ms per metre, standing included) of each whole stretch driven, together with the usual pace as so many
 * stretches, gives the mean and the spread. The way left is a sum of n stretches: its variance is n·σ², and n²·σ²/N for what is
 * not known of the mean itself, both times (1+ρ)/(1−ρ) since neighbours go together. Null once it has arrived.
 *
 * @param progress in time order; going back counts as standing.
 */
export function arrivalOf(
  progress: readonly Progress[],
  { routeMetres, now }: { readonly routeMetres: number; readonly now: number },
  options: ArrivalOptions = usualArrivalOptions,
): Arrival | null {
  const last = progress.at(-1);
  const alongMetres = progress.reduce((most, { metresAlong }) => Math.max(most, metresAlong), 0);
  const metresLeft = routeMetres - alongMetres;
  if (metresLeft <= 0) return null;
  const usualPace = kmhPerMetreMs / options.usualSpeedKmh;
  const own = pacesOf(progress, options.stretchMetres);
  const weight = priorStretches + own.length;
  const pace = (priorStretches * usualPace + own.reduce((sum, one) => sum + one, 0)) / weight;
  const squares =
    priorStretches * ((usualPace * options.usualSpread) ** 2 + (usualPace - pace) ** 2) +
    own.reduce((sum, one) => sum + (one - pace) ** 2, 0);
  const variance = squares / weight;
  const stretches = metresLeft / options.stretchMetres;
  const ofWay = stretches * variance;
  const ofMean = (stretches ** 2 * variance) / weight;
  const correlated = (ofWay + ofMean) * ((1 + correlation) / (1 - correlation));
  const spreadMs = Math.sqrt(correlated) * options.stretchMetres * quantileOfFourFifths;
  const from = last?.observedAt ?? now;
  const drivingMs = metresLeft * pace;
  const arrivesAt = Math.max(now, from + drivingMs + options.stopMinutesAhead * 60_000);
  return {
    arrivesAt: Math.round(arrivesAt),
    earliestAt: Math.round(Math.max(now, arrivesAt - spreadMs)),
    latestAt: Math.round(arrivesAt + spreadMs),
    metresLeft,
    speedKmh: kmhPerMetreMs / pace,
    stretchCount: own.length,
  };
}

/** Milliseconds per metre of each stretch that was driven from end to end; the instant of an edge is between two positions. */
function pacesOf(progress: readonly Progress[], stretchMetres: number): readonly number[] {
  const paces: number[] = [];
  let before: Progress | undefined;
  let edge: Progress | undefined;
  for (const { observedAt, metresAlong } of progress) {
    if (before === undefined || edge === undefined) {
      before = { observedAt, metresAlong };
      edge = before;
      continue;
    }
    if (metresAlong <= before.metresAlong) {
      // Standing: the time belongs to the stretch it is on, whose edge stays where it was.
      before = { observedAt, metresAlong: before.metresAlong };
      continue;
    }
    const pace = (observedAt - before.observedAt) / (metresAlong - before.metresAlong);
    while (metresAlong - edge.metresAlong >= stretchMetres) {
      const nextMetres: number = edge.metresAlong + stretchMetres;
      const nextAt: number = before.observedAt + (nextMetres - before.metresAlong) * pace;
      paces.push((nextAt - edge.observedAt) / stretchMetres);
      edge = { observedAt: nextAt, metresAlong: nextMetres };
    }
    before = { observedAt, metresAlong };
  }
  return paces;
}

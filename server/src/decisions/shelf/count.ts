// Weight to units: a fold over a scale's readings that counts only what has settled.

/** What the engine must know of a cell. Grams. */
export interface CellScale {
  readonly tareGrams: number;
  /** Weight of one unit, above 0. */
  readonly unitGrams: number;
  readonly capacityUnits: number;
}

export interface WeightReading {
  readonly observedAt: number;
  readonly grams: number;
}

/** Plain JSON of constant size. */
export interface CellCountState {
  readonly version: 1;
  /** The last settled count, and the net weight and time at which it was last confirmed. */
  readonly settled: { readonly units: number; readonly grams: number; readonly observedAt: number } | null;
  /** The level under way: readings that agree with each other, not yet long enough. */
  readonly level: {
    readonly fromAt: number;
    readonly lowGrams: number;
    readonly highGrams: number;
    readonly sumGrams: number;
    readonly readingCount: number;
  } | null;
  readonly lastAt: number | null;
  /** Slow error of the scale (temperature, dust, creep) that was learned while the count stood still, grams. */
  readonly driftGrams: number;
}

export interface CellCounted {
  readonly state: CellCountState;
  /** Null while the weight has not settled; the last settled count is still `state.settled`. */
  readonly units: number | null;
}

/** Readings of one level lie within this share of a unit, and a level is never narrower than two grams. */
const noiseUnits = 0.2;
const noiseGramsMin = 2;
/** The mean of a level looks back over about this many readings. */
const levelReadingsMax = 20;
/** A level counts after this long and this many readings: a hand that leans on the shelf is neither still nor long. */
const settleMs = 3000;
const settleReadingsMin = 2;
/** A weight that fits no whole number of units, or is above capacity or below empty, must stand this long. */
const settleDoubtfulMs = 30_000;
/** Below this the scale has lost its tare and counts nothing until it is tared again. */
const wholeUnitsMin = -1;
/** How far from a whole number of units a weight may lie without being doubtful. */
const residueUnitsMax = 0.3;
/** The count moves only when the weight is this far from the present one: half a unit and some hysteresis. */
const hysteresisUnits = 0.65;
/** Time constant of learning the drift, and the most that is ever put down to it. */
const driftMs = 1_800_000;
const driftUnitsMax = 0.5;

export function startCellCount(): CellCountState {
  return { version: 1, settled: null, level: null, lastAt: null, driftGrams: 0 };
}

/**
 * Folds one reading in. A reading not newer than the last changes nothing: only the present of a shelf matters.
 *
 * Readings that agree within the noise form a level; a level counts when it has stood for three seconds (30 when the
 * weight is doubtful). The count then moves only beyond the hysteresis, so a weight between two counts does not
 * flutter. While the count stands still the difference is learned as drift, within half a unit; an empty shelf thus
 * finds its zero again.
 */
export function advanceCellCount(
  state: CellCountState,
  reading: WeightReading,
  cell: CellScale,
): CellCounted {
  if (state.lastAt !== null && reading.observedAt <= state.lastAt) return { state, units: null };
  const netGrams = reading.grams - cell.tareGrams;
  const level = withReading(state.level, { observedAt: reading.observedAt, netGrams }, cell);
  const next: CellCountState = { ...state, level, lastAt: reading.observedAt };
  const levelGrams = level.sumGrams / level.readingCount;
  const wholeUnits = (levelGrams - state.driftGrams) / cell.unitGrams;
  const units = countOf(wholeUnits, state.settled?.units ?? null);
  const stoodMs = reading.observedAt - level.fromAt;
  const isDoubtful = isDoubtfulCount(wholeUnits, units, state.settled?.units ?? null, cell);
  const isSettled =
    wholeUnits > wholeUnitsMin &&
    level.readingCount >= settleReadingsMin &&
    stoodMs >= (isDoubtful ? settleDoubtfulMs : settleMs);
  if (!isSettled) return { state: next, units: null };
  return {
    state: {
      ...next,
      settled: { units, grams: levelGrams, observedAt: reading.observedAt },
      driftGrams: driftAfter(next, levelGrams - units * cell.unitGrams, units, reading.observedAt, cell),
    },
    units,
  };
}

interface NetReading {
  readonly observedAt: number;
  readonly netGrams: number;
}

/** The level goes on while the reading agrees with all of it; otherwise a new one begins. */
function withReading(
  level: CellCountState["level"],
  { observedAt, netGrams }: NetReading,
  cell: CellScale,
): NonNullable<CellCountState["level"]> {
  const lowGrams = Math.min(netGrams, level?.lowGrams ?? netGrams);
  const highGrams = Math.max(netGrams, level?.highGrams ?? netGrams);
  if (level === null || highGrams - lowGrams > noiseGramsOf(cell))
    return {
      fromAt: observedAt,
      lowGrams: netGrams,
      highGrams: netGrams,
      sumGrams: netGrams,
      readingCount: 1,
    };
  // A level that stands for hours drifts with the scale: its bounds close in on the newest reading.
  const readingCount = Math.min(level.readingCount + 1, levelReadingsMax);
  const sumGrams = (level.sumGrams / level.readingCount) * (readingCount - 1) + netGrams;
  const mean = sumGrams / readingCount;
  const forget = (bound: number): number => bound + (mean - bound) / levelReadingsMax;
  return {
    fromAt: level.fromAt,
    lowGrams: forget(lowGrams),
    highGrams: forget(highGrams),
    sumGrams,
    readingCount,
  };
}

const noiseGramsOf = (cell: CellScale): number => Math.max(noiseGramsMin, cell.unitGrams * noiseUnits);

function countOf(wholeUnits: number, before: number | null): number {
  if (before !== null && Math.abs(wholeUnits - before) < hysteresisUnits) return before;
  return Math.max(0, Math.round(wholeUnits));
}

/** A first count takes the nearest whole number; a change must look like goods, not like a hand or a lost tare. */
function isDoubtfulCount(wholeUnits: number, units: number, before: number | null, cell: CellScale): boolean {
  if (units === before) return false;
  if (units > cell.capacityUnits || wholeUnits < -residueUnitsMax) return true;
  return before !== null && Math.abs(wholeUnits - units) > residueUnitsMax;
}

function driftAfter(
  state: CellCountState,
  residueGrams: number,
  units: number,
  observedAt: number,
  cell: CellScale,
): number {
  const bound = cell.unitGrams * driftUnitsMax;
  const within = (grams: number): number => Math.max(-bound, Math.min(bound, grams));
  // After a change the new goods' own spread is unknown: what is left over becomes the new base at once.
  if (state.settled === null || state.settled.units !== units) return within(residueGrams);
  const elapsedMs = observedAt - state.settled.observedAt;
  const share = 1 - Math.exp(-elapsedMs / driftMs);
  return within(state.driftGrams + (residueGrams - state.driftGrams) * share);
}

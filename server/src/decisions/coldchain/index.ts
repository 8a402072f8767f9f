export {
  advanceCondition,
  conditionOf,
  evaluateCondition,
  foldReadings,
  isLate,
  startCondition,
} from "./condition.ts";
export { type ConditionState, isConfirmed, type TemperatureReading } from "./condition-state.ts";
export {
  ageingPace,
  celsiusOfPace,
  type KineticWindow,
  meanKineticCelsius,
  worstKineticWindow,
} from "./kinetic.ts";
export { type ExcursionByLegs, type Leg, type LegMinutes, splitByLegs } from "./legs.ts";
export { type RemainingShelfLife, remainingShelfLife, type ShelfLifeModel } from "./shelf-life.ts";

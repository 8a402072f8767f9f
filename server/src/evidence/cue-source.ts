export type CueTopic = "temperature" | "duration" | "money" | "count" | "instant" | "identifier";

export interface CueSource {
  readonly topic: CueTopic;
  readonly source: string;
  readonly properties: readonly string[];
  /** A weak cue ("measured") yields to any other. */
  readonly isWeak?: boolean;
}

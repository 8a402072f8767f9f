// When a surprise is worth a word: above what this series shows anyway, above the echo of what was just announced, and once.
import { type DetectorSettings, silenceReadingsMax } from "./settings.ts";

export interface AnnounceState {
  /** Surprise that `restlessShare` of the readings exceed, nats. */
  restless: number;
  /** The greatest surprise, fading. */
  echo: number;
  /** Incidents of late by their surprise (half octaves), each fading, and the readings since the last one. */
  readonly incidents: Float64Array;
  sinceIncident: number;
  /** Readings left of the silence after an announcement. */
  silence: number;
}

/** Half octaves from `incidentNatsMin` up. */
const incidentBins = 16;
const incidentNatsMin = 4;
/** Surprises this close to each other are one incident. */
const incidentReadings = 12;

const restlessAtFirst = 4;
const restlessStepMin = 0.1;
const restlessStepAtFirst = 10;

export const createAnnouncing = (): AnnounceState => ({
  restless: restlessAtFirst,
  echo: 0,
  incidents: new Float64Array(incidentBins),
  sinceIncident: 0,
  silence: 0,
});

/**
 * What is left of a surprise (nats) to announce, 0 or more. Announcing begins a silence that grows with what is known of the
 * series: who has watched it long is called less often.
 */
export function announce(
  state: AnnounceState,
  surprise: { readonly nats: number; readonly count: number; readonly announceNats: number },
  settings: DetectorSettings,
): { readonly nats: number; readonly isSilent: boolean } {
  const { nats, count, announceNats } = surprise;
  const above = Math.max(0, nats - settings.restlessPart * state.restless);
  const step = Math.max(restlessStepMin, restlessStepAtFirst / count);
  state.restless = Math.max(
    0,
    state.restless + step * ((nats > state.restless ? 1 : 0) - settings.restlessShare),
  );
  const alike = likeIncidents(state, above, settings);
  const isUsual = alike >= settings.habitCount;
  const news = isUsual ? 0 : Math.max(0, above - settings.echoPart * state.echo - settings.habitNats * alike);
  state.echo = Math.max(above, state.echo * (1 - 1 / settings.echoReadings));
  const isSilent = state.silence > 0;
  if (isSilent) {
    state.silence -= 1;
    return { nats: 0, isSilent };
  }
  if (news >= announceNats) {
    const silence = settings.silenceReadings + settings.silenceShare * count;
    state.silence = Math.round(Math.min(silence, silenceReadingsMax));
  }
  return { nats: news, isSilent: false };
}

/** How many incidents of late were as surprising as this one; takes it in. What comes again and again is usual here. */
function likeIncidents(state: AnnounceState, nats: number, settings: DetectorSettings): number {
  state.sinceIncident += 1;
  if (nats < settings.announceNats) return 0;
  const bin = Math.min(incidentBins - 1, Math.max(0, Math.floor(2 * Math.log2(nats / incidentNatsMin))));
  const faded = (1 - 1 / settings.habitReadings) ** state.sinceIncident;
  let alike = 0;
  for (let index = bin; index < incidentBins; index += 1) alike += faded * (state.incidents[index] ?? 0);
  if (state.sinceIncident > incidentReadings) {
    for (let index = 0; index < incidentBins; index += 1)
      state.incidents[index] = faded * (state.incidents[index] ?? 0);
    state.incidents[bin] = (state.incidents[bin] ?? 0) + 1;
    state.sinceIncident = 0;
  }
  return alike;
}

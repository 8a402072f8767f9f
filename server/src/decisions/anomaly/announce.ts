// When a surprise is worth a word: above what this series shows anyway, above the echo of what was just announced, and once.
import { type DetectorSettings, silenceReadingsMax } from "./settings.ts";

export interface AnnounceState {
  /** Surprise that `restlessShare` of the readings exceed, nats. */
  restless: number;
  /** The greatest surprise, fading. */
  echo: number;
  /** Readings left of the silence after an announcement. */
  silence: number;
}

const restlessAtFirst = 4;
const restlessStepMin = 0.1;
const restlessStepAtFirst = 10;

export const createAnnouncing = (): AnnounceState => ({ restless: restlessAtFirst, echo: 0, silence: 0 });

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
  const news = Math.max(0, above - settings.echoPart * state.echo);
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

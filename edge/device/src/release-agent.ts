// Watches what the shop offers and brings the device to it, one release at a time.
import { wait } from "./clock.ts";
import {
  fetchRelease,
  type OfferedRelease,
  offeredRelease,
  prefixes,
  type ReleaseKind,
  type ReleaseOptions,
  type ReleaseState,
  releaseAttributeKeys,
} from "./releases.ts";
import { ChunkRefused } from "./server-talk.ts";
import type { DeviceStore } from "./store.ts";
import type { DeviceValues, ReceivedValues } from "./values.ts";

export interface ReleaseAgent {
  /** Tells the server what runs now, and how an installation ended that ended the program. */
  begin(): void;
  /** Shared attributes changed; those of releases among them are kept. */
  changed(values: ReceivedValues, deletedKeys: readonly string[]): void;
  /** All shared attributes of releases as the server has them: what is not among them is not offered any more. */
  known(values: ReceivedValues): void;
  settled(): Promise<void>;
}

/** A connection that broke during a download: it goes on after this pause, as often as it takes. */
const resumeDelayMs = 500;
const attemptsMax = 2_000;
/** The offer may have changed while the server refused a chunk; the new one comes with the next connection. */
const refusalsMax = 5;
const kinds = Object.keys(prefixes) as readonly ReleaseKind[];

/** Something else is offered by now: no failure of this release. */
class Withdrawn extends Error {}

interface AgentDependencies {
  readonly options: ReleaseOptions;
  readonly store: Pick<DeviceStore, "note" | "noted">;
  readonly send: (values: DeviceValues) => void;
  readonly ask: (topic: (number: number) => string, payload: string) => Promise<Buffer>;
  readonly failed: (reason: string) => void;
  readonly signal: AbortSignal;
}

export function createReleaseAgent(deps: AgentDependencies): ReleaseAgent {
  const { options, signal } = deps;
  const offers = new Map<string, ReceivedValues[string]>();
  const memory = createMemory(deps.store);
  /** Offers of what runs already are answered once. */
  const told = new Map<ReleaseKind, string>();
  let isWorking = false;
  let working = Promise.resolve();
  const tell: Tell = (kind, state, error) => deps.send(wordsOf(kind, options.current(kind), state, error));

  const offerOf = (kind: ReleaseKind): OfferedRelease | null =>
    offeredRelease(kind, Object.fromEntries(offers));
  const isStillOffered = (offer: OfferedRelease): boolean => {
    const now = offerOf(offer.kind);
    return now !== null && nameOf(now) === nameOf(offer);
  };

  function nextOffer(): OfferedRelease | null {
    for (const kind of kinds) {
      const offer = offerOf(kind);
      if (offer === null || memory.tried(kind) === nameOf(offer)) continue;
      const current = options.current(kind);
      if (current?.title !== offer.title || current.version !== offer.version) return offer;
      if (told.get(kind) === nameOf(offer)) continue;
      told.set(kind, nameOf(offer));
      tell(kind, "UPDATED");
    }
    return null;
  }

  async function work(): Promise<void> {
    try {
      for (let offer = nextOffer(); offer !== null && !signal.aborted; offer = nextOffer())
        await bring(offer);
    } catch (error) {
      // `current` threw, or the outbox is full: the next offer or the next start tries again.
      deps.failed(reasonOf(error));
    } finally {
      // In the same turn as the last look at the offers, so that none comes in between unseen.
      isWorking = false;
    }
  }

  async function bring(offer: OfferedRelease): Promise<void> {
    const { kind } = offer;
    try {
      tell(kind, "DOWNLOADING");
      const file = await download(deps, offer, isStillOffered);
      tell(kind, "DOWNLOADED");
      tell(kind, "VERIFIED");
      memory.setTried(kind, nameOf(offer));
      tell(kind, "UPDATING");
      memory.setInstalling(kind, offer);
      await options.install(offer, file);
      memory.setInstalling(kind, null);
      told.set(kind, nameOf(offer));
      tell(kind, "UPDATED");
    } catch (error) {
      if (error instanceof Withdrawn || signal.aborted) return;
      memory.setTried(kind, nameOf(offer));
      memory.setInstalling(kind, null);
      tell(kind, "FAILED", reasonOf(error));
      deps.failed(reasonOf(error));
    }
  }

  /** Whatever is offered anew may be tried again, also what failed here before. */
  function takeOffers(): void {
    for (const kind of kinds) {
      const offer = offerOf(kind);
      const tried = memory.tried(kind);
      if (tried !== null && (offer === null || nameOf(offer) !== tried)) memory.setTried(kind, null);
      if (offer === null || told.get(kind) !== nameOf(offer)) told.delete(kind);
    }
    // What comes during a release is seen when it is over.
    if (isWorking) return;
    isWorking = true;
    working = work();
  }

  return {
    begin: () => {
      for (const kind of kinds) begin(kind, options.current(kind), memory, tell);
    },
    changed: (values, deletedKeys) => {
      for (const [key, value] of Object.entries(values)) if (isOfRelease(key)) offers.set(key, value);
      for (const key of deletedKeys) offers.delete(key);
      takeOffers();
    },
    known: (values) => {
      offers.clear();
      for (const [key, value] of Object.entries(values)) if (isOfRelease(key)) offers.set(key, value);
      takeOffers();
    },
    settled: () => working,
  };
}

type Current = ReturnType<ReleaseOptions["current"]>;
type Tell = (kind: ReleaseKind, state: ReleaseState | null, error?: string) => void;

function wordsOf(
  kind: ReleaseKind,
  current: Current,
  state: ReleaseState | null,
  error: string | undefined,
): DeviceValues {
  const prefix = prefixes[kind];
  return {
    ...(state === null ? {} : { [`${prefix}_state`]: state }),
    ...(error === undefined ? {} : { [`${prefix}_error`]: error }),
    ...(current === null
      ? {}
      : { [`current_${prefix}_title`]: current.title, [`current_${prefix}_version`]: current.version }),
  };
}

function begin(kind: ReleaseKind, current: Current, memory: Memory, tell: Tell): void {
  const installing = memory.installing(kind);
  memory.setInstalling(kind, null);
  if (installing === null) {
    if (current !== null) tell(kind, null);
    return;
  }
  const isThere = current?.title === installing.title && current.version === installing.version;
  if (isThere) tell(kind, "UPDATED");
  else tell(kind, "FAILED", "The program ended during the installation and runs what it ran before.");
}

/** Only a lost connection is waited out; a package that does not hold is given up at once. */
async function download(
  { options, ask, signal }: AgentDependencies,
  offer: OfferedRelease,
  isStillOffered: (offer: OfferedRelease) => boolean,
): Promise<string> {
  let refusals = 0;
  for (let attempt = 1; ; attempt += 1) {
    let fault: unknown = null;
    const read = async (chunk: number, chunkBytes: number): Promise<Buffer> => {
      if (!isStillOffered(offer)) throw new Withdrawn();
      const topic = (number: number): string => `v2/${prefixes[offer.kind]}/request/${number}/chunk/${chunk}`;
      try {
        return await ask(topic, String(chunkBytes));
      } catch (error) {
        fault = error;
        throw error;
      }
    };
    try {
      return await fetchRelease(offer, options, read);
    } catch (error) {
      if (fault instanceof ChunkRefused) refusals += 1;
      if (fault === null || signal.aborted || attempt >= attemptsMax || refusals >= refusalsMax) throw error;
      await wait(resumeDelayMs, signal);
    }
  }
}

const isOfRelease = (key: string): boolean => releaseAttributeKeys.includes(key);
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type Memory = ReturnType<typeof createMemory>;

/** What must be known after a restart in the middle of it. */
function createMemory(store: Pick<DeviceStore, "note" | "noted">) {
  return {
    /** The offer that was installed or failed here last: not tried again until another one has come. */
    tried: (kind: ReleaseKind): string | null => store.noted(`tried/${kind}`) || null,
    setTried: (kind: ReleaseKind, name: string | null): void => store.note(`tried/${kind}`, name ?? ""),
    installing: (kind: ReleaseKind): { readonly title: string; readonly version: string } | null => {
      const text = store.noted(`installing/${kind}`);
      return text === null || text === ""
        ? null
        : (JSON.parse(text) as { readonly title: string; readonly version: string });
    },
    setInstalling: (kind: ReleaseKind, release: OfferedRelease | null): void =>
      store.note(
        `installing/${kind}`,
        release === null ? "" : JSON.stringify({ title: release.title, version: release.version }),
      ),
  };
}

function nameOf(release: OfferedRelease): string {
  return [release.title, release.version, release.checksum, release.signature].join("\n");
}

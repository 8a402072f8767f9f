import { backup } from "./backup.ts";
import { cluster } from "./cluster.ts";
import { coldChain } from "./cold-chain.ts";
import { deviceApi } from "./device-api.ts";
import { durability } from "./durability.ts";
import { eventTime } from "./event-time.ts";
import { eventTimeAlarms } from "./event-time-alarms.ts";
import { fuzz } from "./fuzz.ts";
import { liars } from "./liars.ts";
import { releases } from "./releases.ts";
import { strangers } from "./strangers.ts";
import type { Suite } from "./suite.ts";
import { verbatim } from "./verbatim.ts";

/** Every proof suite, in the order of the scoreboard. */
export const suites: readonly Suite[] = [
  durability,
  backup,
  cluster,
  deviceApi,
  verbatim,
  coldChain,
  eventTime,
  eventTimeAlarms,
  fuzz,
  liars,
  releases,
  strangers,
];

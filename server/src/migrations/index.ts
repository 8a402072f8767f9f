import type { Migration } from "kysely/migration";
import { foundation } from "./0001-foundation.ts";
import { people } from "./0002-people.ts";
import { outcomesTold } from "./0003-outcomes-told.ts";
import { deviceApi } from "./0004-device-api.ts";
import { openMinutes } from "./0005-open-minutes.ts";
import { childrenRoam } from "./0006-children-roam.ts";
import { processes } from "./0007-processes.ts";
import { jobs } from "./0008-jobs.ts";
import { alarmHistory } from "./0009-alarm-history.ts";
import { escalation } from "./0010-escalation.ts";
import { seriesGaps } from "./0011-series-gaps.ts";
import { anomalies } from "./0013-anomalies.ts";
import { routes } from "./0014-routes.ts";

/** Every migration by its number and name; a released one is never edited. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-foundation": foundation,
  "0002-people": people,
  "0003-outcomes-told": outcomesTold,
  "0004-device-api": deviceApi,
  "0005-open-minutes": openMinutes,
  "0006-children-roam": childrenRoam,
  "0007-processes": processes,
  "0008-jobs": jobs,
  "0009-alarm-history": alarmHistory,
  "0010-escalation": escalation,
  "0011-series-gaps": seriesGaps,
  "0013-anomalies": anomalies,
  "0014-routes": routes,
};

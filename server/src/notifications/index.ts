// The door of notifications: who is told of alarms, the ladders they climb, and what was told.
export { choosePolicy, type EscalatedAlarm } from "./choose-policy.ts";
export { burstWindowMs, type StoredLadder } from "./delivery-store.ts";
export {
  alarmNotice,
  digestNotice,
  linkOfAlarm,
  type Notice,
  type NoticeOptions,
  testNotice,
} from "./notice-text.ts";
export { createNotifications, type Notifications, shownTarget } from "./notifications.ts";
export type { StoredTarget } from "./target-store.ts";

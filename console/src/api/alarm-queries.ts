// Queries of alarms, of who is told of them, and of the ladders they climb.
import { queryOptions } from "@tanstack/react-query";
import type {
  Alarm,
  AlarmEscalation,
  Delivery,
  EscalationPolicy,
  NotificationTarget,
} from "@waremind/contract";
import type { Items } from "./answers.ts";
import { request } from "./request.ts";

const deliveryRefreshMs = 1_000;

/** Whom an alarm can be assigned to. */
export interface Assignee {
  readonly id: string;
  readonly name: string;
}

export const alarmQueries = {
  /** Open ones, or all that the server lists. */
  alarms: (onlyOpen: boolean) =>
    read<Items<Alarm>>(["alarms", { onlyOpen }], `/api/alarms?open=${String(onlyOpen)}`),
  escalation: (alarmId: string) =>
    read<AlarmEscalation>(["alarm-escalation", alarmId], `${alarmAt(alarmId)}/escalation`),
  assignees: () => read<Items<Assignee>>(["alarm-assignees"], "/api/alarm-assignees"),
  policies: () => read<Items<EscalationPolicy>>(["escalation-policies"], "/api/escalation-policies"),
  targets: () => read<Items<NotificationTarget>>(["notification-targets"], "/api/notification-targets"),
  /** Read again until it is over. */
  delivery: (id: string) =>
    queryOptions({
      queryKey: ["notification-delivery", id],
      queryFn: ({ signal }) =>
        request<Delivery>(`/api/notification-deliveries/${encodeURIComponent(id)}`, { signal }),
      refetchInterval: ({ state }) => (isOver(state.data) ? false : deliveryRefreshMs),
    }),
};

const isOver = (delivery: Delivery | undefined): boolean =>
  delivery !== undefined && (delivery.state === "sent" || delivery.state === "failed");

/** Where an alarm stands in the REST API. */
export function alarmAt(id: string): string {
  return `/api/alarms/${encodeURIComponent(id)}`;
}

function read<T>(queryKey: readonly unknown[], path: string) {
  return queryOptions({
    queryKey,
    queryFn: ({ signal }: { signal: AbortSignal }) => request<T>(path, { signal }),
  });
}

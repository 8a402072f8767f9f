// What a rule would have raised, had it been there for the last days.
import { queryOptions } from "@tanstack/react-query";
import type { AlarmRule, BilingualText } from "@waremind/contract";
import { request } from "./request.ts";

const refreshMs = 700;

export interface Backtest {
  readonly id: string;
  readonly state: "running" | "done" | "cancelled" | "failed";
  readonly fromAt: number;
  readonly toAt: number;
  readonly progress: {
    readonly devicesDone: number;
    readonly devices: number;
    readonly readings: number;
  };
  readonly problem: BilingualText | null;
  readonly alarmCount: number;
  readonly alarmMinutes: number;
  readonly devicesWithAlarms: number;
  /** The noisiest first. */
  readonly devices: readonly {
    readonly deviceName: string;
    readonly alarmCount: number;
    readonly alarmMinutes: number;
    readonly spans: readonly { readonly beganAt: number; readonly endedAt: number | null }[];
  }[];
}

export const backtestAt = (id: string): string => `/api/alarm-rules/backtest/${encodeURIComponent(id)}`;

export function startBacktest(body: {
  readonly rule: AlarmRule | null;
  readonly profileId: string;
  readonly days: number;
}): Promise<Backtest> {
  return request<Backtest>("/api/alarm-rules/backtest", { method: "POST", body });
}

/** Read again while it runs. */
export const backtestQuery = (id: string | null) =>
  queryOptions({
    queryKey: ["backtest", id],
    queryFn: ({ signal }) => request<Backtest>(backtestAt(id ?? ""), { signal }),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data?.state === "running" ? refreshMs : false),
  });

// What the map reads. Readings that come in are put in between; the figures of a track follow when it is read again.
import { queryOptions } from "@tanstack/react-query";
import type { ArrivalView, Positions, RouteView, TrackView } from "@waremind/contract";
import { deviceAt } from "./device-queries.ts";
import { ProblemError } from "./problem-error.ts";
import { request } from "./request.ts";

const positionsRefreshMs = 30_000;
const trackRefreshMs = 20_000;

export const mapQueries = {
  positions: () =>
    queryOptions({
      queryKey: ["positions"],
      queryFn: ({ signal }) => request<Positions>("/api/positions", { signal }),
      refetchInterval: positionsRefreshMs,
    }),
  /** The last 24 hours. */
  track: (name: string) =>
    queryOptions({
      queryKey: ["track", name],
      queryFn: ({ signal }) => request<TrackView>(`${deviceAt(name)}/track`, { signal }),
      refetchInterval: trackRefreshMs,
    }),
  /** Null for a device that drives no route. */
  arrival: (name: string) =>
    queryOptions({
      queryKey: ["arrival", name],
      queryFn: async ({ signal }): Promise<ArrivalView | null> => {
        try {
          return await request<ArrivalView>(`${deviceAt(name)}/arrival`, { signal });
        } catch (error) {
          if (error instanceof ProblemError && error.status === 404) return null;
          throw error;
        }
      },
      refetchInterval: trackRefreshMs,
    }),
  route: (id: string) =>
    queryOptions({
      queryKey: ["route", id],
      queryFn: ({ signal }) => request<RouteView>(`/api/routes/${encodeURIComponent(id)}`, { signal }),
    }),
};

// What the screens of devices, profiles, quarantine and releases read. Live events refresh by the first word of a key.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type {
  AnomalyWatchView,
  CredentialView,
  DeviceCommandView,
  DeviceRow,
  ProfileView,
  RolloutView,
} from "@waremind/contract";
import type { DeviceAttributes, DeviceHistory, Items, QuarantinePage, Releases } from "./answers.ts";
import { request, withSearch } from "./request.ts";

/** The whole table is read again this often: ten thousand rows are too many to follow every reading. */
const rowsRefreshMs = 10_000;

/** A page with fewer commands than this was the last. */
const commandsPageMin = 20;

export const deviceQueries = {
  rows: () =>
    queryOptions({
      queryKey: ["device-rows"],
      queryFn: ({ signal }) => request<Items<DeviceRow>>("/api/device-rows", { signal }),
      refetchInterval: rowsRefreshMs,
    }),
  credentials: (name: string) =>
    read<Items<CredentialView>>(["device-credentials", name], `${deviceAt(name)}/credentials`),
  attributes: (name: string) =>
    read<DeviceAttributes>(["device-attributes", name], `${deviceAt(name)}/attributes`),
  /** Newest first, a page at a time. */
  commands: (name: string) =>
    infiniteQueryOptions({
      queryKey: ["device-commands", name],
      queryFn: ({ signal, pageParam }) =>
        request<Items<DeviceCommandView>>(withSearch(`${deviceAt(name)}/commands`, { before: pageParam }), {
          signal,
        }),
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page) =>
        page.items.length < commandsPageMin ? undefined : page.items.at(-1)?.number,
    }),
  history: (name: string) => read<DeviceHistory>(["device-history", name], `${deviceAt(name)}/history`),
  quarantine: (filter: { readonly device?: string | undefined; readonly state?: string | undefined }) =>
    infiniteQueryOptions({
      queryKey: ["quarantine", filter],
      queryFn: ({ signal, pageParam }) =>
        request<QuarantinePage>(withSearch("/api/quarantine", { ...filter, before: pageParam }), { signal }),
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page, pages) => {
        const read = pages.reduce((count, one) => count + one.items.length, 0);
        return read < page.total ? page.items.at(-1)?.id : undefined;
      },
    }),
  /** How a series is watched for what is unusual, and what stood out in a time. */
  anomalies: (seriesId: number, span: { readonly from: number; readonly to: number }) =>
    queryOptions({
      queryKey: ["anomalies", seriesId, span],
      queryFn: ({ signal }) =>
        request<AnomalyWatchView>(
          withSearch(`/api/series/${seriesId}/anomalies`, {
            from: Math.round(span.from),
            to: Math.round(span.to),
          }),
          { signal },
        ),
      placeholderData: keepPreviousData,
    }),
  profiles: () => read<Items<ProfileView>>(["profiles"], "/api/profiles"),
  profile: (id: string) => read<ProfileView>(["profile", id], `/api/profiles/${encodeURIComponent(id)}`),
  releases: () => read<Releases>(["releases"], "/api/releases"),
  rollouts: () => read<Items<RolloutView>>(["rollouts"], "/api/rollouts"),
  /** With every device in it; the list names at most 500 of each. */
  rollout: (id: string) => read<RolloutView>(["rollout", id], `/api/rollouts/${encodeURIComponent(id)}`),
};

/** Where a device stands in the REST API. */
export function deviceAt(name: string): string {
  return `/api/devices/${encodeURIComponent(name)}`;
}

function read<T>(queryKey: readonly unknown[], path: string) {
  return queryOptions({
    queryKey,
    queryFn: ({ signal }: { signal: AbortSignal }) => request<T>(path, { signal }),
  });
}

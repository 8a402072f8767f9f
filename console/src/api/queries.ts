// What the screens read. The first word of a key is the resource; live events refresh by it.

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type {
  Alarm,
  AuditPage,
  Curve,
  EvidenceRecord,
  JobPage,
  OrderView,
  Overview,
  Receipt,
  SeriesGaps,
  ShipmentDetail,
  Shop,
  SignedIn,
} from "@waremind/contract";
import type {
  Approvals,
  Conversations,
  DeviceDetail,
  Devices,
  Items,
  Locations,
  Orders,
  PolicyClause,
  Scenarios,
  Shipments,
  Stock,
  Suites,
  Thread,
} from "./answers.ts";
import { request, withSearch } from "./request.ts";

/** Rows that one list asks for. */
export const listLimit = 200;
/** Points that one curve asks for; more than a screen has pixels to show. */
export const curvePointsMax = 1000;
export const auditPageLimit = 50;

const jobsRefreshMs = 3_000;
const hourMs = 3_600_000;

export const queries = {
  me: () =>
    queryOptions({
      queryKey: ["me"],
      queryFn: ({ signal }) => request<SignedIn>("/api/me", { signal }),
      staleTime: hourMs,
      retry: false,
    }),
  shop: () =>
    queryOptions({
      queryKey: ["shop"],
      queryFn: ({ signal }) => request<Shop>("/api/shop", { signal }),
      staleTime: hourMs,
    }),
  overview: () => read<Overview>(["overview"], "/api/overview"),
  shipments: (state: string | undefined) =>
    read<Shipments>(["shipments", { state }], withSearch("/api/shipments", { state, limit: listLimit })),
  shipment: (id: string) => read<ShipmentDetail>(["shipment", id], `/api/shipments/${encode(id)}`),
  openAlarms: () => read<Items<Alarm>>(["alarms"], "/api/alarms?open=true"),
  stock: () => read<Stock>(["stock"], "/api/stock"),
  locations: () => read<Locations>(["locations"], "/api/locations"),
  orders: (state: string | undefined) =>
    read<Orders>(["orders", { state }], withSearch("/api/orders", { state, limit: listLimit })),
  order: (id: string) => read<OrderView>(["order", id], `/api/orders/${encode(id)}`),
  devices: () => read<Devices>(["devices"], "/api/devices"),
  device: (name: string) => read<DeviceDetail>(["device", name], `/api/devices/${encode(name)}`),
  curve: (
    seriesId: number,
    span: { readonly from: number; readonly to: number },
    points: number = curvePointsMax,
  ) =>
    queryOptions({
      queryKey: ["curve", seriesId, span, points],
      queryFn: ({ signal }) =>
        request<Curve>(
          withSearch(`/api/series/${seriesId}/curve`, {
            from: Math.round(span.from),
            to: Math.round(span.to),
            points,
          }),
          { signal },
        ),
      placeholderData: keepPreviousData,
    }),
  gaps: (seriesId: number, span: { readonly from: number; readonly to: number }) =>
    queryOptions({
      queryKey: ["curve", seriesId, "gaps", span],
      queryFn: ({ signal }) =>
        request<SeriesGaps>(
          withSearch(`/api/series/${seriesId}/gaps`, {
            from: Math.round(span.from),
            to: Math.round(span.to),
          }),
          { signal },
        ),
      placeholderData: keepPreviousData,
    }),
  conversations: () => read<Conversations>(["conversations"], "/api/conversations"),
  conversation: (id: string) => read<Thread>(["conversation", id], `/api/conversations/${encode(id)}`),
  approvals: (state: string | undefined) =>
    read<Approvals>(["approvals", { state }], withSearch("/api/approvals", { state })),
  receipt: (id: string) => read<Receipt>(["receipt", id], `/api/receipts/${encode(id)}`),
  evidence: (id: string) =>
    queryOptions({
      queryKey: ["evidence", id],
      queryFn: ({ signal }) => request<EvidenceRecord>(`/api/evidence/${encode(id)}`, { signal }),
      // A record never changes once written.
      staleTime: Number.POSITIVE_INFINITY,
    }),
  policies: () => read<Items<PolicyClause>>(["policies"], "/api/policies"),
  audit: (before: number | undefined) =>
    read<AuditPage>(["audit", { before }], withSearch("/api/audit", { limit: auditPageLimit, before })),
  /** Newest first, a page at a time; what runs moves, so it is read again often. */
  jobs: (state: string | undefined) =>
    infiniteQueryOptions({
      queryKey: ["jobs", { state }],
      queryFn: ({ signal, pageParam }) =>
        request<JobPage>(withSearch("/api/jobs", { state, before: pageParam }), { signal }),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      refetchInterval: jobsRefreshMs,
    }),
  scenarios: () => read<Scenarios>(["scenarios"], "/api/scenarios"),
  suites: () => read<Suites>(["suites"], "/api/suites"),
};

function read<T>(queryKey: readonly unknown[], path: string) {
  return queryOptions({
    queryKey,
    queryFn: ({ signal }: { signal: AbortSignal }) => request<T>(path, { signal }),
  });
}

function encode(part: string): string {
  return encodeURIComponent(part);
}

// What the intake counts, for Prometheus: plain numbers, a few additions for each batch.
import type { Transport } from "../devices/index.ts";
import type { Metrics } from "../platform/metrics.ts";

/** Absent in tests and benches: then nothing is counted. */
export interface IntakeMeter {
  received(transport: Transport): void;
  /** The acknowledgements of these messages leave now. */
  acknowledged(deliveries: readonly { readonly message: { readonly transport: Transport } }[]): void;
  /** Call it before the transaction; what it answers, after the commit. */
  commitStarts(): (committed: {
    readonly messages: number;
    readonly readings: number;
    readonly refused: readonly { readonly reason: string }[];
  }) => void;
}

/** Of a process that stores what another took in and acknowledged, so that the sum over processes stays true. */
export const storesOnly = (meter: IntakeMeter): IntakeMeter => ({
  ...meter,
  received: () => undefined,
  acknowledged: () => undefined,
});

const batchBuckets = [1, 5, 25, 100, 250, 500, 1_000, 2_500, 5_000];
const secondsBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createIntakeMeter(metrics: Metrics): IntakeMeter {
  const received = metrics.counter({
    name: "waremind_messages_received_total",
    help: "Messages of devices that came in, by transport.",
    labels: ["transport"],
  });
  const acknowledged = metrics.counter({
    name: "waremind_messages_acknowledged_total",
    help: "Messages of devices that were acknowledged after their commit, by transport.",
    labels: ["transport"],
  });
  const stored = metrics.counter({
    name: "waremind_readings_stored_total",
    help: "Readings that were new and are stored.",
    labels: [],
  });
  const quarantined = metrics.counter({
    name: "waremind_messages_quarantined_total",
    help: "Messages that were held back, by their first reason.",
    labels: ["reason"],
  });
  const batch = metrics.histogram({
    name: "waremind_intake_batch_messages",
    help: "Messages in one transaction of the intake.",
    labels: [],
    buckets: batchBuckets,
  });
  const seconds = metrics.histogram({
    name: "waremind_intake_commit_seconds",
    help: "Time of one transaction of the intake, its commit included.",
    labels: [],
    buckets: secondsBuckets,
  });
  const byTransport = new Map<Transport, readonly [string]>();
  const labelOf = (transport: Transport): readonly [string] => {
    const known = byTransport.get(transport);
    if (known !== undefined) return known;
    const label = [transport] as const;
    byTransport.set(transport, label);
    return label;
  };
  return {
    received: (transport) => received.add(labelOf(transport)),
    acknowledged: (deliveries) => {
      for (const { message } of deliveries) acknowledged.add(labelOf(message.transport));
    },
    commitStarts: () => {
      const end = seconds.startTimer();
      return ({ messages, readings, refused }) => {
        end([]);
        batch.observe([], messages);
        stored.add([], readings);
        for (const { reason } of refused) quarantined.add([reason]);
      };
    },
  };
}

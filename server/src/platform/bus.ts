import type { LiveEvent } from "@waremind/contract";

/** Tells observers (live screens, the freshness bench) what was committed. Never carries work that must happen. */
export interface Bus {
  publish(event: LiveEvent): void;
  subscribe(observer: (event: LiveEvent) => void): () => void;
}

export function createBus(): Bus {
  const observers = new Set<(event: LiveEvent) => void>();
  return {
    publish: (event) => {
      for (const observer of observers) observer(event);
    },
    subscribe: (observer) => {
      observers.add(observer);
      return () => observers.delete(observer);
    },
  };
}

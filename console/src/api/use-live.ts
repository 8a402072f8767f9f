import type { LiveEvent } from "@waremind/contract";
import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import type { HeardEvent, Live, LiveState } from "./live.ts";

const silent: Live = {
  start: () => {},
  stop: () => {},
  state: () => "connecting",
  heard: () => [],
  onChange: () => () => {},
  onEvent: () => () => {},
};

export const LiveContext = createContext<Live>(silent);

export function useLiveState(): LiveState {
  const live = useContext(LiveContext);
  return useSyncExternalStore(live.onChange, live.state);
}

export function useHeardEvents(): readonly HeardEvent[] {
  const live = useContext(LiveContext);
  return useSyncExternalStore(live.onChange, live.heard);
}

/** Calls `listener` for every live event while the component is on screen. */
export function useLiveEvents(listener: (event: LiveEvent) => void): void {
  const live = useContext(LiveContext);
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => live.onEvent((event) => latest.current(event)), [live]);
}

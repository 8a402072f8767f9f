import { useEffect, useState } from "react";

/** The only place of the console that asks what time it is, epoch milliseconds. */
export function now(): number {
  return Date.now();
}

/** The time, renewed every `everyMs`, so that ages on screen keep growing while nothing else happens. */
export function useNow(everyMs: number): number {
  const [time, setTime] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return time;
}

// Sockets that have not shown who they are. So many are read at once; those beyond wait unread, in the order in which they
// came, so that a shop whose devices all come back at once cuts none of them off.
import type { Socket } from "node:net";
import type { MqttLimits } from "./limits.ts";

/** A socket being read that may yet show who it is. */
export interface Arrival {
  /** Whether its CONNECT has not come yet. */
  readonly isSilent: boolean;
  /** Gives it up: it took too long. */
  endSilent(): void;
}

export interface Arrivals<Opened extends Arrival> {
  /** Reads the socket now or when it is its turn; closes it when too many wait. */
  accept(socket: Socket, open: () => Opened): void;
  /** It has shown who it is, or is gone: its place is free. */
  leave(arrival: Opened): void;
  /** Call at every sweep: while others wait, those that say nothing make room. */
  sweep(): void;
  /** Closes those that wait; answers those being read. */
  stop(): readonly Opened[];
}

interface Waiting<Opened> {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
  open(): Opened;
}

export function createArrivals<Opened extends Arrival>(options: {
  readonly limits: MqttLimits;
  /** A socket was closed since so many wait. */
  turnedAway(waiting: number): void;
}): Arrivals<Opened> {
  const { limits } = options;
  /** Oldest first, each with the sweeps it has seen: not time, so that a stalled process does not blame its clients. */
  const reading = new Map<Opened, number>();
  const waiting = new Set<Waiting<Opened>>();
  const crowdedSweepsMax = Math.ceil(limits.crowdedConnectTimeMsMax / limits.sweepIntervalMs);

  const read = (open: () => Opened): void => {
    reading.set(open(), 0);
  };

  function hold(socket: Socket, open: () => Opened): void {
    const timer = setTimeout(() => drop(entry), limits.waitingTimeMsMax);
    const entry = { socket, timer, open };
    waiting.add(entry);
    // What breaks while nobody reads ends the socket; whoever opens it finds it closed.
    socket.once("error", () => undefined);
  }

  function drop(entry: Waiting<Opened>): void {
    clearTimeout(entry.timer);
    waiting.delete(entry);
    entry.socket.destroy();
  }

  function admit(): void {
    for (const entry of waiting) {
      if (reading.size >= limits.unauthenticatedMax) return;
      clearTimeout(entry.timer);
      waiting.delete(entry);
      if (!entry.socket.destroyed) read(entry.open);
    }
  }

  return {
    accept: (socket, open) => {
      if (reading.size < limits.unauthenticatedMax) read(open);
      else if (waiting.size < limits.waitingSocketsMax) hold(socket, open);
      else {
        options.turnedAway(waiting.size);
        socket.destroy();
      }
    },
    leave: (arrival) => {
      if (reading.delete(arrival) && waiting.size > 0) admit();
    },
    sweep: () => {
      let wanted = waiting.size;
      for (const [arrival, sweeps] of [...reading]) {
        reading.set(arrival, sweeps + 1);
        if (wanted === 0 || sweeps < crowdedSweepsMax || !arrival.isSilent) continue;
        wanted -= 1;
        arrival.endSilent();
      }
    },
    stop: () => {
      for (const entry of [...waiting]) drop(entry);
      return [...reading.keys()];
    },
  };
}

/** Readings of one moment: the device's time and the values by key. */
export interface ReadingSet {
  readonly ts: number;
  readonly values: Readonly<Record<string, number | string | boolean>>;
}

/** One message of readings, sent again with the same times and values until it is acknowledged. */
export interface OutboxMessage {
  readonly id: number;
  readonly readings: readonly ReadingSet[];
  isInFlight: boolean;
}

/** What waits for the server's acknowledgement, oldest first. In memory: what the program held is lost with it. */
export interface Outbox {
  /** Adds a message; when the outbox is full the oldest waiting message gives way. Answers the readings given up. */
  append(readings: readonly ReadingSet[]): number;
  /** The oldest message that is not in flight, now marked in flight; undefined when none or the window is full. */
  takeNext(): OutboxMessage | undefined;
  acknowledge(id: number): void;
  /** Back to waiting, in its old place: the server asked to slow down. */
  returnToWaiting(id: number): void;
  /** Gives a message up and answers how many readings it held. */
  giveUp(id: number): number;
  /** After a lost connection every message in flight waits again; the server may have stored some of them. */
  returnAllToWaiting(): void;
  readonly size: number;
  readonly isFull: boolean;
  readonly acknowledgedReadings: number;
}

/** An hour of readings, one message a second, and some. */
export const outboxMessagesMax = 5000;
/** Unacknowledged messages on the wire at once. */
export const inFlightMax = 20;

/** `messagesMax` and `windowMax` are for tests; the named limits hold otherwise. */
export function createOutbox({ messagesMax = outboxMessagesMax, windowMax = inFlightMax } = {}): Outbox {
  const messages = new Map<number, OutboxMessage>();
  let lastId = 0;
  let inFlightCount = 0;
  let acknowledgedReadings = 0;

  const remove = (id: number): OutboxMessage | undefined => {
    const message = messages.get(id);
    if (message === undefined) return undefined;
    if (message.isInFlight) inFlightCount -= 1;
    messages.delete(id);
    return message;
  };
  const land = (message: OutboxMessage | undefined): void => {
    if (message?.isInFlight !== true) return;
    message.isInFlight = false;
    inFlightCount -= 1;
  };

  return {
    append: (readings) => {
      const oldest = messages.size >= messagesMax ? firstWaiting(messages) : undefined;
      const givenUp = oldest === undefined ? 0 : (remove(oldest.id)?.readings.length ?? 0);
      lastId += 1;
      messages.set(lastId, { id: lastId, readings, isInFlight: false });
      return givenUp;
    },
    takeNext: () => {
      if (inFlightCount >= windowMax) return undefined;
      const message = firstWaiting(messages);
      if (message === undefined) return undefined;
      message.isInFlight = true;
      inFlightCount += 1;
      return message;
    },
    acknowledge: (id) => {
      acknowledgedReadings += remove(id)?.readings.length ?? 0;
    },
    returnToWaiting: (id) => land(messages.get(id)),
    giveUp: (id) => remove(id)?.readings.length ?? 0,
    returnAllToWaiting: () => {
      for (const message of messages.values()) land(message);
    },
    get size() {
      return messages.size;
    },
    get isFull() {
      return messages.size >= messagesMax;
    },
    get acknowledgedReadings() {
      return acknowledgedReadings;
    },
  };
}

/** At most the window's messages stand before it, so the walk is short. */
function firstWaiting(messages: ReadonlyMap<number, OutboxMessage>): OutboxMessage | undefined {
  for (const message of messages.values()) if (!message.isInFlight) return message;
  return undefined;
}

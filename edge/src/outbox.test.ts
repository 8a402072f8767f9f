import { expect, test } from "vitest";
import { createOutbox } from "./outbox.ts";

const reading = (ts: number) => [{ ts, values: { temperature: 4 } }];

test("messages leave oldest first, no more at once than the window", () => {
  const outbox = createOutbox({ windowMax: 2 });
  for (const ts of [1, 2, 3]) outbox.append(reading(ts));
  expect([outbox.takeNext(), outbox.takeNext()].map((message) => message?.readings[0]?.ts)).toEqual([1, 2]);
  expect(outbox.takeNext()).toBeUndefined();
});

test("a lost connection puts what was in flight back in its place, unchanged", () => {
  const outbox = createOutbox({ windowMax: 2 });
  for (const ts of [1, 2, 3]) outbox.append(reading(ts));
  outbox.takeNext();
  const second = outbox.takeNext();
  outbox.acknowledge(second?.id ?? -1);
  outbox.returnAllToWaiting();
  expect([outbox.takeNext(), outbox.takeNext()].map((message) => message?.readings)).toEqual([
    reading(1),
    reading(3),
  ]);
});

test("a full outbox gives up its oldest waiting message and says how many readings went", () => {
  const outbox = createOutbox({ messagesMax: 2, windowMax: 1 });
  outbox.append(reading(1));
  outbox.append([...reading(2), ...reading(3)]);
  outbox.takeNext();
  expect(outbox.append(reading(4))).toBe(2);
  expect(outbox.size).toBe(2);
  expect(outbox.isFull).toBe(true);
});

test("only acknowledged readings are counted as acknowledged", () => {
  const outbox = createOutbox();
  outbox.append([...reading(1), ...reading(2)]);
  outbox.append(reading(3));
  outbox.append(reading(4));
  const [first, refused] = [outbox.takeNext(), outbox.takeNext()];
  outbox.acknowledge(first?.id ?? -1);
  expect(outbox.giveUp(refused?.id ?? -1)).toBe(1);
  outbox.acknowledge(first?.id ?? -1);
  expect(outbox.acknowledgedReadings).toBe(2);
  expect(outbox.size).toBe(1);
});

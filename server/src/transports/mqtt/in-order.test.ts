import fc from "fast-check";
import { expect, test } from "vitest";
import { InOrder } from "./in-order.ts";

test("in whatever order commits end, acknowledgements leave in the order of arrival, each once", () => {
  const ids = fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 600 });
  fc.assert(
    fc.property(ids, fc.integer(), (messageIds, seed) => {
      const inOrder = new InOrder({ done: () => undefined, notStored: () => undefined });
      const held = messageIds.map((messageId) => inOrder.hold(messageId));
      const sent: Buffer[] = [];
      const order = held
        .map((_, index) => index)
        .sort((left, right) => Math.sin(left * seed) - Math.sin(right * seed));
      for (const index of order) {
        const entry = held[index];
        if (entry !== undefined) entry.isDone = true;
        const due = inOrder.takeDue();
        if (due !== null) sent.push(due);
      }
      const bytes = Buffer.concat(sent);
      const acknowledged = [];
      for (let at = 0; at < bytes.length; at += 4) acknowledged.push(bytes.readUInt16BE(at + 2));
      expect(acknowledged).toEqual(messageIds.filter((id) => id !== 0));
      expect(inOrder.size).toBe(0);
    }),
    { numRuns: 50 },
  );
});

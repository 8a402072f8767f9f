// A device in a process of its own, which a test kills: it sends numbers one by one and says after each that it was taken.
import { createDevice } from "@waremind/device";

export interface ChildTask {
  readonly url: string;
  readonly token: string;
  readonly store: string;
  readonly from: number;
  readonly count: number;
  /** Of the number 0; each number has a millisecond of its own, so that it is the same reading when sent again. */
  readonly beganAt: number;
}

const betweenMs = 1;
const { url, token, store, from, count, beganAt } = JSON.parse(process.argv[2] ?? "{}") as ChildTask;
const device = createDevice({ url, token, store });
device.start();
for (let number = from; number < count; number += 1) {
  device.send({ n: number }, beganAt + number);
  process.send?.({ taken: number });
  if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, betweenMs));
}
await device.flush();
await device.stop();
process.send?.({ flushed: true });
process.disconnect();

// The library that writes packets keeps, for as long as the process lives, the bytes of every length below 16,384 that it
// ever wrote: four bytes each, but cut from whatever shared block of 64 KiB was open at that moment, which then stays too.
import { Writable } from "node:stream";
import { writeToStream } from "mqtt-packet";

/** Lengths of one or two bytes, as the library has it. */
const lengthsKept = 16_384;
/** Of a PUBLISH with an empty topic and no payload. */
const lengthMin = 2;

let areWritten = false;

/**
 * Writes every such length once, one after the other, so that all of them lie in a few blocks. Otherwise devices that ask
 * for answers of ever other lengths would tie a block to each: a gibibyte at worst. Costs some milliseconds, once.
 */
export function writeLengthsTogether(): void {
  if (areWritten) return;
  areWritten = true;
  const nowhere = new Nowhere();
  const zeros = Buffer.alloc(lengthsKept);
  for (let length = lengthMin; length < lengthsKept; length += 1) {
    const payload = zeros.subarray(0, length - lengthMin);
    writeToStream({ cmd: "publish", topic: "", payload, qos: 0, dup: false, retain: false }, nowhere);
  }
}

class Nowhere extends Writable {
  override write(): boolean {
    return true;
  }

  override cork(): void {
    // Nothing is written, so nothing is held back.
  }

  override uncork(): void {
    // As above.
  }
}

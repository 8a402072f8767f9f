// Mutations of MQTT packets: some know which field they break, some do not look.
import {
  bytesOf,
  type Field,
  framed,
  property,
  type Shape,
  text,
  u16,
  varintOf,
} from "./fuzz-mqtt-fields.ts";
import { mutatedBytes, mutatedJson, nastyTexts, type Random } from "./fuzz-random.ts";

/** A packet that is no longer what it was; most keep their length honest, so that what lies deeper is reached. */
export function mutatedPacket(shape: Shape, other: Shape, random: Random): Buffer {
  const way = random.int(100);
  if (way < 86) return bytesOf(mutatedShape(shape, random));
  const bytes = bytesOf(shape);
  if (way < 95) return resized(bytes, random);
  if (way < 97) return Buffer.concat([bytes, bytes]);
  if (way < 98) return spliced(bytes, bytesOf(other), random);
  if (way === 98) return mutatedBytes(bytes, random);
  return lyingLength(bytes, random);
}

const bodyOf = (bytes: Buffer): Buffer => {
  let start = 1;
  while ((bytes[start] ?? 0) >= 0x80) start += 1;
  return bytes.subarray(start + 1);
};

/** Mutated without looking, under a length that is true again. The end is hit more often: the payload is there. */
function resized(bytes: Buffer, random: Random): Buffer {
  const body = bodyOf(bytes);
  const from = random.chance(0.85) ? Math.floor(body.length / 2) : 0;
  return framed(
    bytes[0] ?? 0,
    Buffer.concat([body.subarray(0, from), mutatedBytes(body.subarray(from), random)]),
  );
}

function spliced(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const [left, right] = [bodyOf(bytes), bodyOf(other)];
  const halves = [
    left.subarray(0, random.int(left.length + 1)),
    right.subarray(random.int(right.length + 1)),
  ];
  return framed(bytes[0] ?? 0, Buffer.concat(halves));
}

const lengthsThatAreNone = [
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 1],
  [0x80, 0],
];

function lyingLength(bytes: Buffer, random: Random): Buffer {
  const body = bodyOf(bytes);
  const length = random.chance(0.5)
    ? Buffer.from(random.pick(lengthsThatAreNone))
    : varintOf(Math.max(0, body.length + random.int(400) - 200));
  return Buffer.concat([bytes.subarray(0, 1), length, body]);
}

function mutatedShape(shape: Shape, random: Random): Pick<Shape, "first" | "fields"> {
  const { first, fields } = shape;
  const payload = fields.findIndex(({ kind }) => kind === "payload");
  const way = random.int(100);
  const at = payload >= 0 && way < 88 ? payload : random.int(Math.max(1, fields.length));
  if (way < 96 && fields.length > 0) {
    return {
      first,
      fields: fields.map((field, index) => (index === at ? mutatedField(field, random) : field)),
    };
  }
  if (way === 96) return { first: first ^ (1 << random.int(8)), fields };
  if (way === 97) return { first, fields: fields.filter((_, index) => index !== at) };
  if (way === 98) return { first, fields: [...fields.slice(0, at + 1), ...fields.slice(at)] };
  return { first, fields: fields.toSorted(() => random.next() - 0.5) };
}

/** Just above what a payload may be; above what a packet may be. */
const oversizes = [65_537, 65_536, 262_200] as const;
const oversizeShare = 0.0008;

function mutatedField(field: Field, random: Random): Field {
  switch (field.kind) {
    case "text":
      return mutatedText(field, random);
    case "number":
      return { ...field, bytes: mutatedNumber(field.bytes, random) };
    case "varint":
      return {
        ...field,
        bytes: random.chance(0.5)
          ? random.bytes(1 + random.int(5))
          : Buffer.from([0xff, 0xff, 0xff, 0xff, 1]),
      };
    case "properties":
      return mutatedProperties(field, random);
    case "payload":
      if (random.chance(oversizeShare))
        return { ...field, bytes: Buffer.alloc(random.pick(oversizes), 0x20) };
      if (field.json !== null && random.chance(0.85))
        return { ...field, bytes: mutatedJson(field.json, random) };
      return { ...field, bytes: mutatedBytes(field.bytes, random) };
  }
}

function mutatedText(field: Extract<Field, { kind: "text" }>, random: Random): Field {
  switch (random.int(5)) {
    case 0:
      return { ...field, bytes: random.pick(nastyTexts) };
    case 1:
      return { ...field, bytes: Buffer.concat([field.bytes, random.pick(nastyTexts)]) };
    case 2:
      return {
        ...field,
        lie: random.pick([0, 1, field.bytes.length + 1, Math.max(0, field.bytes.length - 1), 65_535]),
      };
    default:
      return { ...field, bytes: mutatedBytes(field.bytes, random) };
  }
}

function mutatedNumber(bytes: Buffer, random: Random): Buffer {
  const way = random.int(4);
  if (way === 0) return Buffer.alloc(bytes.length);
  if (way === 1) return Buffer.alloc(bytes.length, 0xff);
  return random.bytes(way === 2 ? bytes.length : Math.max(0, bytes.length - 1 + random.int(3)));
}

function mutatedProperties(field: Extract<Field, { kind: "properties" }>, random: Random): Field {
  const { items } = field;
  const at = random.int(Math.max(1, items.length));
  const one = items[at] ?? property(random.int(256), u16(random.int(65_536)));
  switch (random.int(6)) {
    case 0:
      return { ...field, items: [...items, { ...one, id: random.int(256) }] };
    case 1:
      return { ...field, items: [...items, one] };
    case 2:
      return { ...field, lie: random.int(300) };
    case 3:
      return {
        ...field,
        items: [...items, property(0x26, text("k"), { kind: "text", bytes: random.pick(nastyTexts) })],
      };
    default: {
      const fields = one.fields.map((inner) => mutatedField(inner, random));
      return { ...field, items: [...items.filter((_, index) => index !== at), { ...one, fields }] };
    }
  }
}

/** Whether the bytes are whole packets to their end, so that what follows them is still read as a packet. */
export function isWhole(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let index = at + 1;
    for (let shift = 0; ; shift += 7) {
      const one = bytes[index];
      if (one === undefined || index - at > 4) return false;
      length += (one & 0x7f) * 2 ** shift;
      index += 1;
      if (one < 0x80) break;
    }
    at = index + length;
  }
  return bytes.length > 0 && at === bytes.length;
}

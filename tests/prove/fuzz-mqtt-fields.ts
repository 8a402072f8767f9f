// An MQTT packet as a list of fields, and how it is written to bytes: by hand, so that it may also be written wrongly.

export type Version = 3 | 4 | 5;

export type Field =
  /** With a length of two bytes before it; `lie` replaces that length. */
  | { readonly kind: "text"; readonly bytes: Buffer; readonly lie?: number }
  /** Of a fixed size. */
  | { readonly kind: "number"; readonly bytes: Buffer }
  | { readonly kind: "varint"; readonly bytes: Buffer }
  | { readonly kind: "properties"; readonly items: readonly Property[]; readonly lie?: number }
  /** What is left of the packet; `json` when the payload is a text of that kind. */
  | { readonly kind: "payload"; readonly bytes: Buffer; readonly json: string | null };

export interface Property {
  readonly id: number;
  readonly fields: readonly Field[];
}

export interface Shape {
  readonly first: number;
  readonly fields: readonly Field[];
  /** How often it is picked, against the others. */
  readonly weight: number;
}

export const text = (value: string): Field => ({ kind: "text", bytes: Buffer.from(value) });
export const byte = (value: number): Field => ({ kind: "number", bytes: Buffer.from([value]) });
export const u16 = (value: number): Field => ({
  kind: "number",
  bytes: Buffer.from([value >> 8, value & 0xff]),
});
export function u32(value: number): Field {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return { kind: "number", bytes };
}
export const varint = (value: number): Field => ({ kind: "varint", bytes: varintOf(value) });

export function varintOf(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    const rest = Math.floor(left / 128);
    bytes.push((left % 128) + (rest > 0 ? 128 : 0));
    left = rest;
  } while (left > 0);
  return Buffer.from(bytes);
}

export const property = (id: number, ...fields: readonly Field[]): Property => ({ id, fields });
export const userProperty = property(0x26, text("origin"), text("fuzz"));
export const when5 = (version: Version, ...items: readonly Property[]): readonly Field[] =>
  version === 5 ? [{ kind: "properties", items }] : [];

export function bytesOf(shape: Pick<Shape, "first" | "fields">): Buffer {
  return framed(shape.first, Buffer.concat(shape.fields.map(fieldBytes)));
}

export const framed = (first: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([first]), varintOf(body.length), body]);

function fieldBytes(field: Field): Buffer {
  switch (field.kind) {
    case "text": {
      const length = field.lie ?? field.bytes.length;
      return Buffer.concat([Buffer.from([(length >> 8) & 0xff, length & 0xff]), field.bytes]);
    }
    case "properties": {
      const body = Buffer.concat(
        field.items.flatMap(({ id, fields }) => [Buffer.from([id]), ...fields.map(fieldBytes)]),
      );
      return Buffer.concat([varintOf(field.lie ?? body.length), body]);
    }
    case "number":
    case "varint":
    case "payload":
      return field.bytes;
  }
}

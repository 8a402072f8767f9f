// CoAP messages in our words. The bytes are read and written by `coap-packet`.
import { generate, type NamedOption, type ParsedPacket, parse } from "coap-packet";

/** Where a datagram came from; UDP knows no more of a device than this. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly key: string;
}

/** A block of RFC 7959: bytes `number * size` and on. */
export interface Block {
  readonly number: number;
  readonly hasMore: boolean;
  readonly size: number;
}

export interface CoapRequest {
  readonly peer: Peer;
  readonly method: string;
  readonly path: readonly string[];
  readonly query: ReadonlyMap<string, string>;
  readonly token: Buffer;
  readonly observe: number | null;
  readonly block1: Block | null;
  readonly block2: Block | null;
  /** How large the whole body is said to be. */
  readonly size1: number | null;
  readonly payload: Buffer;
}

export interface CoapAnswer {
  readonly code: string;
  readonly payload: Buffer;
  readonly options: readonly NamedOption[];
  /** Called once the answer has left. */
  readonly afterSent?: (() => void) | undefined;
}

export const contentFormats = { json: 50, octets: 42 } as const;

/** Larger tokens are for RFC 8974, which nobody who speaks to us uses. */
const tokenBytesMax = 8;
const pathSegmentsMax = 8;
const queryParametersMax = 16;
/** More than any message of ours holds: a token of 8, the options of a block, 1,024 bytes of body. */
const messageBytesMax = 1_280;

const methods: ReadonlyMap<string, string> = new Map([
  ["0.01", "GET"],
  ["0.02", "POST"],
  ["0.03", "PUT"],
  ["0.04", "DELETE"],
  ["0.05", "FETCH"],
  ["0.06", "PATCH"],
  ["0.07", "iPATCH"],
]);

/** Options of odd number must be understood or refused; these are understood, or change nothing here. */
const understood: ReadonlySet<string> = new Set([
  ...["Uri-Host", "Uri-Port", "Uri-Path", "Uri-Query"],
  ...["Accept", "Block1", "Block2"],
]);
/** Options of odd number that `coap-packet` knows by name and we do not serve. */
const notServed: ReadonlySet<string> = new Set([
  ...["If-Match", "If-None-Match", "OSCORE", "Proxy-Uri", "Proxy-Scheme", "Q-Block1", "Q-Block2"],
  ...["OCF-Accept-Content-Format-Version", "OCF-Content-Format-Version"],
]);

export type Message =
  | { readonly kind: "request"; readonly packet: ParsedPacket }
  | { readonly kind: "signal"; readonly packet: ParsedPacket }
  /** Broken, but its message id can be read, so that it can be rejected. */
  | { readonly kind: "broken"; readonly messageId: number; readonly isConfirmable: boolean }
  | { readonly kind: "noise" };

/** Reads a datagram; never throws. */
export function readMessage(datagram: Buffer): Message {
  const first = datagram[0] ?? 0;
  if (datagram.length < 4 || first >> 6 !== 1) return { kind: "noise" };
  const broken: Message = {
    kind: "broken",
    messageId: datagram.readUInt16BE(2),
    isConfirmable: (first & 0x30) === 0,
  };
  if ((first & 0x0f) > tokenBytesMax) return broken;
  try {
    const packet = parse(datagram);
    const isSignal = packet.code === "0.00" || packet.ack || packet.reset;
    if (isSignal) return { kind: "signal", packet };
    return methods.has(packet.code) ? { kind: "request", packet } : broken;
  } catch {
    return broken;
  }
}

/** The request in a packet, or the code with which it must be refused. */
export function requestOf(packet: ParsedPacket, peer: Peer): CoapRequest | { readonly refusedWith: string } {
  if (packet.options.some(({ name }) => isNotUnderstood(String(name)))) return { refusedWith: "4.02" };
  const path = valuesOf(packet, "Uri-Path").map(String);
  const parameters = valuesOf(packet, "Uri-Query").map(String);
  if (path.length > pathSegmentsMax || parameters.length > queryParametersMax) return { refusedWith: "4.02" };
  const block1 = blockOf(packet, "Block1");
  const block2 = blockOf(packet, "Block2");
  if (block1 === "invalid" || block2 === "invalid") return { refusedWith: "4.02" };
  return {
    peer,
    method: methods.get(packet.code) ?? "",
    path,
    query: new Map(parameters.map(parameterOf)),
    token: packet.token,
    observe: numberOf(packet, "Observe"),
    block1,
    block2,
    size1: numberOf(packet, "Size1"),
    payload: packet.payload,
  };
}

function isNotUnderstood(name: string): boolean {
  if (understood.has(name)) return false;
  // What has no name bears its number.
  return notServed.has(name) || Number(name) % 2 === 1;
}

const valuesOf = (packet: ParsedPacket, name: string): readonly Buffer[] =>
  packet.options.filter((option) => option.name === name).map((option) => option.value);

function numberOf(packet: ParsedPacket, name: string): number | null {
  const [value] = valuesOf(packet, name);
  if (value === undefined || value.length > 4) return null;
  return value.length === 0 ? 0 : value.readUIntBE(0, value.length);
}

function blockOf(packet: ParsedPacket, name: "Block1" | "Block2"): Block | "invalid" | null {
  const [value] = valuesOf(packet, name);
  if (value === undefined) return null;
  if (value.length > 3) return "invalid";
  const number = value.length === 0 ? 0 : value.readUIntBE(0, value.length);
  const exponent = number & 0x07;
  if (exponent === 7) return "invalid";
  return { number: number >> 4, hasMore: (number & 0x08) !== 0, size: 2 ** (exponent + 4) };
}

function parameterOf(text: string): [string, string] {
  const at = text.indexOf("=");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** An option that is a number: as few bytes as it needs. */
export function numberOption(name: NamedOption["name"], number: number): NamedOption {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  const from = bytes.findIndex((byte) => byte !== 0);
  return { name, value: from === -1 ? Buffer.alloc(0) : bytes.subarray(from) };
}

export function blockOption(name: "Block1" | "Block2", block: Block): NamedOption {
  const exponent = Math.log2(block.size) - 4;
  return numberOption(name, block.number * 16 + (block.hasMore ? 8 : 0) + exponent);
}

export interface OutgoingMessage {
  readonly type: "confirmable" | "non-confirmable" | "acknowledgement" | "reset";
  readonly messageId: number;
  /** Absent: an empty message. */
  readonly answer?: CoapAnswer;
  readonly token?: Buffer;
}

export function writeMessage({ type, messageId, answer, token }: OutgoingMessage): Buffer {
  const flags = {
    messageId,
    confirmable: type === "confirmable",
    ack: type === "acknowledgement",
    reset: type === "reset",
  };
  if (answer === undefined) return generate({ ...flags, code: "0.00" });
  const { code, payload, options } = answer;
  return generate(
    { ...flags, code, token: token ?? Buffer.alloc(0), payload, options: [...options] },
    messageBytesMax,
  );
}

// A bare MQTT client: it sends exactly the bytes or packets a test gives it and reports what comes back.
import { connect, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";

export interface RawClient {
  readonly socket: Socket;
  send(packet: Packet): void;
  sendBytes(bytes: Uint8Array): void;
  /** The next packet from the server, in order. Rejects when the connection closes first. */
  next(): Promise<Packet>;
  /** Packets received and not yet taken by `next`. */
  readonly unread: readonly Packet[];
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  end(): void;
}

export async function openRaw(port: number, protocolVersion: 3 | 4 | 5 = 4): Promise<RawClient> {
  const socket = connect({ port, host: "127.0.0.1" });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const unread: Packet[] = [];
  let takers: { resolve: (packet: Packet) => void; reject: (error: Error) => void }[] = [];
  const reader = parser({ protocolVersion });
  reader.on("packet", (packet) => {
    const taker = takers.shift();
    if (taker === undefined) unread.push(packet);
    else taker.resolve(packet);
  });
  socket.on("data", (chunk) => reader.parse(chunk));
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  void closed.then(() => {
    for (const taker of takers) taker.reject(new Error("The server closed the connection."));
    takers = [];
  });
  return {
    socket,
    unread,
    closed,
    send: (packet) => socket.write(generate(packet, { protocolVersion })),
    sendBytes: (bytes) => socket.write(bytes),
    next: () => {
      const packet = unread.shift();
      if (packet !== undefined) return Promise.resolve(packet);
      if (socket.destroyed) return Promise.reject(new Error("The server closed the connection."));
      return new Promise((resolve, reject) => takers.push({ resolve, reject }));
    },
    end: () => socket.destroy(),
  };
}

export function connectPacket(token: string, options: Partial<IConnectPacket> = {}): IConnectPacket {
  return {
    cmd: "connect",
    protocolId: options.protocolVersion === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: 4,
    clientId: "raw",
    clean: true,
    keepalive: 0,
    username: token,
    ...options,
  };
}

/** Opens a connection and signs in. */
export async function signIn(
  port: number,
  token: string,
  protocolVersion: 3 | 4 | 5 = 4,
  options: Partial<IConnectPacket> = {},
): Promise<RawClient> {
  const client = await openRaw(port, protocolVersion);
  client.send(connectPacket(token, { protocolVersion, ...options }));
  const answer = await client.next();
  if (answer.cmd !== "connack") throw new Error(`Expected a CONNACK, got ${answer.cmd}.`);
  if ((answer.returnCode ?? answer.reasonCode) !== 0) throw new Error("The connection was refused.");
  return client;
}

export function publishPacket(messageId: number, payload: string, topic = "v1/devices/me/telemetry"): Packet {
  const qos = messageId === 0 ? 0 : 1;
  return { cmd: "publish", topic, payload, qos, dup: false, retain: false, messageId };
}

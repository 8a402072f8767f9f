// A middle between a device and the server that reads MQTT: counts chunks, cuts the line, flips a bit of a package.
import { connect, createServer, type Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";

export interface Middle {
  readonly port: number;
  /** Chunk numbers in the order in which they were asked for, over all connections. */
  readonly asked: readonly number[];
  readonly connectionCount: number;
  close(): Promise<void>;
}

export interface Meddling {
  /** The line is cut instead of passing these chunks on, once each. */
  readonly cutAtChunks?: readonly number[];
  /** A bit of this chunk is flipped. */
  readonly flipInChunk?: number;
}

const chunkTopic = /^v2\/[fs]w\/(request|response)\/\d+\/chunk\/(\d+)$/;

export async function openMiddle(
  serverPort: number,
  protocolVersion: 4 | 5,
  meddling: Meddling = {},
): Promise<Middle> {
  const asked: number[] = [];
  const cuts = new Set(meddling.cutAtChunks ?? []);
  const sockets = new Set<Socket>();
  let connectionCount = 0;

  /** Null: the line is cut here. */
  function meddle(packet: Packet): Packet | null {
    if (packet.cmd !== "publish") return packet;
    const [, way, number] = chunkTopic.exec(packet.topic) ?? [];
    if (way === undefined) return packet;
    const chunk = Number(number);
    if (way === "request") {
      asked.push(chunk);
      return packet;
    }
    if (cuts.delete(chunk)) return null;
    if (chunk !== meddling.flipInChunk) return packet;
    const payload = Buffer.from(packet.payload);
    payload[0] = (payload[0] ?? 0) ^ 1;
    return { ...packet, payload };
  }

  function pass(from: Socket, to: Socket): void {
    const reading = parser({ protocolVersion });
    reading.on("packet", (packet: Packet) => {
      const passed = meddle(packet);
      if (passed === null) {
        from.destroy();
        to.destroy();
      } else if (!to.destroyed) to.write(generate(passed, { protocolVersion }));
    });
    from.on("data", (bytes: Buffer) => reading.parse(bytes));
    from.on("close", () => to.destroy());
    from.on("error", () => to.destroy());
  }

  const server = createServer((device) => {
    connectionCount += 1;
    const upstream = connect({ port: serverPort, host: "127.0.0.1" });
    for (const socket of [device, upstream]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    pass(device, upstream);
    pass(upstream, device);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    asked,
    get connectionCount() {
      return connectionCount;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

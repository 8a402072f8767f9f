// One connection, from the opening of its socket to its end: bytes in and out, who it is, how long it lives.
import type { Socket } from "node:net";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { DeviceIdentity, Presented } from "../../devices/index.ts";
import type { Arrival } from "./arrivals.ts";
import type { Codec } from "./codec.ts";
import { asksForProvisioning, faultOf, presentedBy } from "./connecting.ts";
import { DeviceLink, type DeviceLinkHost } from "./device-link.ts";
import { type Ending, endings } from "./endings.ts";
import { Framer, packetTypes, readPublish } from "./frames.ts";
import {
  type ClientTraits,
  type ConnectRefusal,
  connectAccepted,
  connectRefused,
  disconnect,
  pingResponse,
  subscribed,
  traitsOf,
  unsubscribed,
  versionRefusal,
} from "./packets.ts";
import { ProvisioningLink } from "./provisioning-link.ts";
import type { Line, Role } from "./role.ts";
import { Writer } from "./writer.ts";

/** What a session needs from the server around it. */
export interface SessionHost extends DeviceLinkHost {
  readonly codec: Codec;
  /** Why nobody may connect from there now, before it is known who it is. */
  refusalOf(session: Session): ConnectRefusal | null;
  /** Why this device may not connect now. */
  refusalOfDevice(identity: DeviceIdentity): ConnectRefusal | null;
  hasRoomForProvisioning(): boolean;
  /** A CONNECT was refused for what it showed. */
  refused(session: Session): void;
  /** The session is its device's from now on; an older one is taken over. */
  opened(session: Session): void;
  closed(session: Session, reason: string): void;
  /** Calls `proceed` when the sink has room again. */
  waitForRoom(session: Session): void;
  /** Calls `flush` once all that was committed together has been noted. */
  flushSoon(session: Session): void;
}

/** A keep-alive may be exceeded by half (MQTT-3.1.2-22). */
const keepAliveFactor = 1.5;
const tcpKeepAliveMs = 60_000;

export class Session implements Line, Arrival {
  readonly address: string;
  traits: ClientTraits = {
    protocolVersion: 4,
    wantsReasons: true,
    packetBytesMax: Number.POSITIVE_INFINITY,
    receiveMaximum: Number.POSITIVE_INFINITY,
  };
  /** What it showed, looked up again while it lives. */
  presented: Presented | null = null;
  /** Not null once the device is known. */
  link: DeviceLink | null = null;
  private readonly socket: Socket;
  private readonly host: SessionHost;
  private readonly framer = new Framer();
  private readonly writer: Writer;
  private readonly connectTimer: NodeJS.Timeout;
  private phase: "connecting" | "authenticating" | "open" | "closed" = "connecting";
  /** Not null once it is open. */
  private role: Role | null = null;
  private isPaused = false;
  private isStopping = false;
  private isProceeding = false;
  /** Sweeps since the last packet; not time, so that a stalled process does not find all its devices dead. */
  private silentSweeps = 0;
  private silentSweepsMax = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, host: SessionHost) {
    this.socket = socket;
    this.host = host;
    this.address = socket.remoteAddress ?? "";
    this.writer = new Writer(socket, host.limits, () => this.end(endings.unread));
    this.connectTimer = setTimeout(() => this.endSilent(), host.limits.connectTimeMsMax);
  }

  /** Begins to read. */
  start(): void {
    const { socket } = this;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, tcpKeepAliveMs);
    socket.on("data", (chunk) => {
      this.framer.add(chunk);
      this.proceed();
    });
    socket.on("error", (error) => this.host.log.debug({ err: error }, "An MQTT connection broke."));
    socket.on("close", () => this.vanish("connection-lost"));
    // It came paused.
    socket.resume();
  }

  /** Whether it has not said yet who it is. */
  get isSilent(): boolean {
    return this.phase === "connecting";
  }

  endSilent(): void {
    this.end({ reason: "connect-timeout", reasonCode: 0, detail: "No CONNECT came in time." });
  }

  /** How many messages are not acknowledged yet. */
  get inflightCount(): number {
    return this.role?.inflightCount ?? 0;
  }

  /** Handles what has arrived until a limit is met; then its socket is read no further. */
  proceed(): void {
    // A message that is settled while it is handled must not bring the next one in before it.
    if (this.isProceeding) return;
    this.isProceeding = true;
    try {
      this.handleArrived();
    } finally {
      this.isProceeding = false;
    }
  }

  /** Sends the acknowledgements that are due, in one write. */
  flush(): void {
    if (this.phase === "closed") return;
    const due = this.role?.takeDue() ?? null;
    if (due !== null) this.write(due);
    if (this.isPaused) this.proceed();
  }

  flushSoon(): void {
    this.host.flushSoon(this);
  }

  /** Called at every sweep; ends the session when its keep-alive has passed. */
  sweep(): void {
    if (this.phase !== "open") return;
    this.role?.sweep();
    // While we do not read, its pings cannot be seen.
    if (this.isPaused) return;
    this.silentSweeps += 1;
    if (this.silentSweeps > this.silentSweepsMax) this.end(endings.keepAlive);
  }

  /** A newer session of the same device has opened. */
  takeOver(): void {
    this.end(endings.takenOver);
  }

  /** Its credentials were revoked or its device disabled. */
  revoke(): void {
    this.end(endings.revoked);
  }

  /** Reads no more; messages being stored are still acknowledged. */
  stopReading(): void {
    this.isStopping = true;
    this.setPaused(true);
    this.role?.stopReading();
  }

  /** The server goes down. */
  stop(): void {
    this.end(endings.stopping);
  }

  write(bytes: Buffer): void {
    this.writer.write(bytes);
  }

  stream(pieces: AsyncIterable<Buffer>): Promise<void> {
    return this.writer.stream(pieces);
  }

  end(ending: Ending): void {
    if (this.phase === "closed") return;
    const isTold = this.phase === "open" && this.traits.protocolVersion === 5;
    this.hangUp(isTold ? disconnect(this.traits, ending.reasonCode, ending.detail) : null, ending.reason);
  }

  private handleArrived(): void {
    while (this.mayHandle()) {
      const isKnown = this.phase === "open";
      const { packetBytesMax, connectBytesMax } = this.host.limits;
      const state = this.framer.next(isKnown ? packetBytesMax : connectBytesMax);
      if (state === "incomplete") {
        this.setPaused(false);
        return;
      }
      if (state === "whole") this.handleFrame();
      else if (state === "too-large") this.refuseTooLarge();
      else this.end(endings.malformed);
    }
    if (this.phase !== "closed") this.setPaused(true);
  }

  private mayHandle(): boolean {
    if (this.phase === "closed" || this.phase === "authenticating" || this.isStopping) return false;
    if (this.role !== null && !this.role.mayHandle) return false;
    const { sink } = this.host;
    if (sink.pendingCount < sink.pendingCountMax) return true;
    this.host.waitForRoom(this);
    return false;
  }

  private handleFrame(): void {
    this.silentSweeps = 0;
    const { framer, role } = this;
    const type = (framer.bytes[framer.start] ?? 0) >> 4;
    if (type === packetTypes.publish && role !== null) {
      const publish = readPublish(framer, this.traits.protocolVersion);
      if (publish === "malformed") this.end(endings.malformed);
      else if (publish === null) this.decodeFrame();
      else role.publish(publish);
    } else {
      this.decodeFrame();
    }
  }

  private decodeFrame(): void {
    const { framer, host, traits } = this;
    const { codec } = host;
    const packet = codec.decode(framer.bytes.subarray(framer.start, framer.end), traits.protocolVersion);
    if (packet === null) this.refuseMalformed(codec.fault);
    else if (this.role !== null) this.handlePacket(packet, this.role);
    else if (packet.cmd === "connect") this.connect(packet);
    else this.end(endings.protocol);
  }

  private refuseMalformed(fault: string): void {
    const isVersion = this.phase === "connecting" && fault === "Invalid protocol version";
    if (isVersion) this.hangUp(versionRefusal, "protocol-version");
    else this.end({ ...endings.malformed, detail: fault });
  }

  private refuseTooLarge(): void {
    const { packetBytesMax } = this.host.limits;
    const deviceId = this.link?.identity.device.id;
    // How much larger is not known: the packet is not read.
    if (deviceId !== undefined)
      this.host.desk.limiter.note(deviceId, "payload-bytes", String(packetBytesMax), packetBytesMax + 1);
    this.end(endings.packetTooLarge);
  }

  private handlePacket(packet: Packet, role: Role): void {
    if (packet.cmd === "publish") this.publishWithProperties(packet, role);
    else if (packet.cmd === "pingreq") this.write(pingResponse);
    else if (packet.cmd === "puback") role.acknowledged(packet.messageId ?? 0, packet.reasonCode ?? 0);
    else if (packet.cmd === "subscribe" && isAnswerable(packet, packet.subscriptions)) {
      const granted = packet.subscriptions.map(({ topic, qos }) => role.subscribe(topic, qos));
      this.write(subscribed(this.traits, packet.messageId, granted));
      role.subscriptionsChanged();
    } else if (packet.cmd === "unsubscribe" && isAnswerable(packet, packet.unsubscriptions)) {
      const existed = packet.unsubscriptions.map((filter) => role.unsubscribe(filter));
      this.write(unsubscribed(this.traits, packet.messageId, existed));
      role.subscriptionsChanged();
    } else if (packet.cmd === "disconnect") this.hangUp(null, "client-disconnected");
    // Nothing else is a client's to send here: QoS 2 is refused and nothing is sent to it at QoS 2.
    else this.end(endings.protocol);
  }

  private connect(packet: IConnectPacket): void {
    this.traits = traitsOf(packet);
    const refusal = faultOf(packet) ?? this.host.refusalOf(this);
    if (refusal !== null) {
      this.refuseConnect(refusal);
      return;
    }
    if (asksForProvisioning(packet)) {
      if (this.host.hasRoomForProvisioning()) this.openProvisioning(packet);
      else this.refuseConnect("busy");
      return;
    }
    this.presented = presentedBy(packet, this.socket);
    if (this.presented === null) this.refuseConnect("token-unknown");
    else this.authenticate(packet, this.presented);
  }

  private authenticate(packet: IConnectPacket, presented: Presented): void {
    this.phase = "authenticating";
    // It did its part; how long the store takes is not its fault.
    clearTimeout(this.connectTimer);
    const whenKnown = (identity: DeviceIdentity | null): void => {
      if (this.phase !== "authenticating") return;
      const refusal = identity === null ? "token-unknown" : this.host.refusalOfDevice(identity);
      if (refusal !== null || identity === null) this.refuseConnect(refusal ?? "token-unknown");
      else this.openDevice(packet, identity);
    };
    const whenUnavailable = (error: unknown): void => {
      this.host.log.warn({ err: error }, "A device could not be looked up.");
      if (this.phase === "authenticating") this.refuseConnect("unavailable");
    };
    void this.host.desk.authenticate(presented).then(whenKnown, whenUnavailable);
  }

  private openDevice(packet: IConnectPacket, identity: DeviceIdentity): void {
    const link = new DeviceLink(identity, this, this.host);
    this.link = link;
    this.open(packet, link, `device-${identity.device.id}`);
  }

  private openProvisioning(packet: IConnectPacket): void {
    const link = new ProvisioningLink(this, this.host, () => this.host.refused(this));
    this.open(packet, link, "provision");
  }

  /** A will is not delivered to anyone, so it is accepted and left aside; a lost connection marks the device anyway. */
  private open(packet: IConnectPacket, role: Role, assignedClientId: string): void {
    clearTimeout(this.connectTimer);
    this.phase = "open";
    this.role = role;
    const { limits } = this.host;
    const keepAliveMs = (packet.keepalive ?? 0) * 1_000 * keepAliveFactor;
    if (keepAliveMs > 0) this.silentSweepsMax = Math.ceil(keepAliveMs / limits.sweepIntervalMs);
    this.write(connectAccepted(packet, this.traits, { limits, assignedClientId }));
    this.link?.attach();
    this.host.opened(this);
    this.proceed();
  }

  private refuseConnect(refusal: ConnectRefusal): void {
    this.host.log.debug({ refusal, address: this.address }, "An MQTT connection was refused.");
    if (refusal === "token-unknown") this.host.refused(this);
    this.hangUp(connectRefused(this.traits, refusal), refusal);
  }

  private publishWithProperties(packet: IPublishPacket, role: Role): void {
    if (packet.properties?.topicAlias !== undefined) {
      this.end(endings.topicAlias);
      return;
    }
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    role.publish({ topic: packet.topic, payload, qos: packet.qos, messageId: packet.messageId ?? 0 });
  }

  private setPaused(isPaused: boolean): void {
    if (this.isPaused === isPaused) return;
    this.isPaused = isPaused;
    this.silentSweeps = 0;
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }

  /** Sends the last packet, gives the client a moment to fetch it, and closes. */
  private hangUp(last: Buffer | null, reason: string): void {
    const { socket } = this;
    if (this.phase === "closed") return;
    const { isWithinPacket } = this.writer;
    this.vanish(reason);
    if (isWithinPacket) {
      // Whatever followed would be taken for the rest of the packet.
      socket.destroy();
      return;
    }
    socket.removeAllListeners("data");
    // What still arrives is thrown away: an unread byte would turn the close into a reset and lose the last packet.
    socket.resume();
    if (last === null) socket.end();
    else socket.end(last);
    const linger = setTimeout(() => socket.destroy(), this.host.limits.lingerMsMax);
    socket.once("close", () => clearTimeout(linger));
  }

  private vanish(reason: string): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    clearTimeout(this.connectTimer);
    this.host.closed(this, reason);
    this.role?.ended(reason);
  }
}

function isAnswerable(
  packet: Packet,
  filters: readonly unknown[],
): packet is Packet & { readonly messageId: number } {
  return packet.messageId !== undefined && packet.messageId > 0 && filters.length > 0;
}

// The open connection of one device: its messages up, what the shop sends down, and what it is subscribed to.
import type { AttributeChange, DeviceIdentity } from "../../devices/index.ts";
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { Attachment, Delivered, DeviceChannel, OutgoingCommand } from "../../flows/device-hub.ts";
import type { IntakeSink } from "../../flows/intake-sink.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { codecOf } from "./codecs.ts";
import { type Ending, endings } from "./endings.ts";
import type { Publish } from "./frames.ts";
import { gatewayFilters } from "./gateway.ts";
import { joinChanges } from "./gateway-downlink.ts";
import { type Held, type Holder, InOrder } from "./in-order.ts";
import type { MqttLimits } from "./limits.ts";
import type { HeldBack, PublishOrigin } from "./origin.ts";
import { Outgoing } from "./outgoing.ts";
import type { ClientTraits } from "./packets.ts";
import { handlePublish } from "./publishes.ts";
import { ReleaseChunks } from "./release-chunks.ts";
import type { Line, Role } from "./role.ts";
import { Subscriptions } from "./subscriptions.ts";
import { type Route, renamedTopicsOf } from "./topics.ts";

export interface DeviceLinkHost {
  readonly desk: DeviceDesk;
  readonly sink: IntakeSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: MqttLimits;
}

const noFilters: ReadonlySet<string> = new Set();

export class DeviceLink implements Role, PublishOrigin, DeviceChannel, Holder {
  readonly transport = "mqtt";
  readonly desk: DeviceDesk;
  readonly sink: IntakeSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: MqttLimits;
  /** As the registry knows it now; renewed while the connection lasts. */
  identity: DeviceIdentity;
  private readonly line: Line;
  private readonly inOrder = new InOrder(this);
  private readonly subscriptions = new Subscriptions();
  private readonly outgoing: Outgoing;
  private readonly chunks: ReleaseChunks;
  private readonly subscriptionListeners: (() => void)[] = [];
  private readonly endListeners: ((reason: string) => void)[] = [];
  private attachment: Attachment | null = null;
  private requestsUnderWay = 0;
  private isLetGo = false;
  /** Messages that wait for a limit; several only when they were under way already as the limit was met. */
  private readonly heldBack = new Map<Held, { readonly message: HeldBack; readonly timer: NodeJS.Timeout }>();
  /** Attribute changes behind one that is not acknowledged yet, joined into one. */
  private changeBehind: AttributeChange | null = null;
  private isPushingChange = false;

  constructor(identity: DeviceIdentity, line: Line, host: DeviceLinkHost) {
    this.identity = identity;
    this.line = line;
    ({ desk: this.desk, sink: this.sink, clock: this.clock, log: this.log, limits: this.limits } = host);
    this.outgoing = new Outgoing(line.traits, host.limits, (bytes) => line.write(bytes));
    this.chunks = new ReleaseChunks(this, line);
  }

  /** The device is connected from now on. */
  attach(): void {
    this.attachment = this.desk.hub.attach(this.identity, this, { isSession: true, address: this.address });
  }

  get address(): string {
    return this.line.address;
  }

  get traits(): ClientTraits {
    return this.line.traits;
  }

  // Role: what the session asks.

  get mayHandle(): boolean {
    return (
      this.heldBack.size === 0 &&
      this.inOrder.size < this.limits.inflightMax &&
      this.requestsUnderWay < this.limits.requestsUnderWayMax
    );
  }

  /** Those held back are not counted: at a stop nobody waits for a limit to pass. */
  get inflightCount(): number {
    return this.inOrder.size - this.heldBack.size;
  }

  publish(publish: Publish): void {
    handlePublish(this, publish);
  }

  subscribe(filter: string, qos: number): 0 | 1 | "unknown" | "too-many" {
    const { device, profile } = this.identity;
    const outcome = this.subscriptions.add(filter, qos, {
      deviceName: device.name,
      renamed: renamedTopicsOf(profile.transport),
      gatewayFilters: device.isGateway ? gatewayFilters : noFilters,
    });
    return typeof outcome === "string" ? outcome : outcome.qos;
  }

  unsubscribe(filter: string): boolean {
    return this.subscriptions.remove(filter);
  }

  subscriptionsChanged(): void {
    if (this.wantsCommands) this.attachment?.commandsWanted();
    for (const listener of this.subscriptionListeners) listener();
  }

  acknowledged(messageId: number, reasonCode: number): void {
    this.outgoing.acknowledged(messageId, reasonCode);
  }

  takeDue(): Buffer | null {
    return this.inOrder.takeDue();
  }

  sweep(): void {
    if (this.outgoing.pendingCount > 0) this.outgoing.sweep();
  }

  stopReading(): void {
    this.letGo();
  }

  ended(reason: string): void {
    this.letGo();
    this.outgoing.end();
    for (const listener of this.endListeners) listener(reason);
    this.attachment?.detach(reason);
  }

  // Origin: what the handling of a message asks.

  hold(messageId: number): Held {
    return this.inOrder.hold(messageId);
  }

  done(held: Held): void {
    held.isDone = true;
    this.line.flushSoon();
  }

  settle(held: Held, stored: Promise<void>): void {
    void stored.then(
      () => this.done(held),
      (error: unknown) => this.notStored(error),
    );
  }

  /** Not stored, so not acknowledged: the device keeps the message and sends it again after reconnecting. */
  notStored(error: unknown): void {
    this.log.warn({ err: error, device: this.identity.device.name }, "A message was not stored.");
    this.line.end(endings.notStored);
  }

  holdBack(message: HeldBack, retryAfterMs: number): void {
    const { held } = message;
    const { heldBackMsMax } = this.limits;
    const { waitedMs } = held;
    if (waitedMs >= heldBackMsMax || (this.isLetGo && message.publish.qos === 0)) {
      message.giveUp();
      return;
    }
    const waitMs = Math.max(1, Math.min(retryAfterMs, heldBackMsMax - waitedMs));
    held.waitedMs += waitMs;
    const timer = setTimeout(() => this.askAgain(held), waitMs);
    this.heldBack.set(held, { message, timer });
    if (this.isLetGo) clearTimeout(timer);
  }

  serve(work: Promise<void>): void {
    this.requestsUnderWay += 1;
    const { requestsUnderWayMax } = this.limits;
    if (this.requestsUnderWay === requestsUnderWayMax) {
      const allowed = String(requestsUnderWayMax);
      this.desk.limiter.note(this.identity.device.id, "requests-under-way", allowed, requestsUnderWayMax);
    }
    const whenFailed = (error: unknown): void => {
      this.log.warn({ err: error, device: this.identity.device.name }, "A request could not be answered.");
      this.line.end(endings.unavailable);
    };
    void work.catch(whenFailed).finally(() => {
      this.requestsUnderWay -= 1;
      this.line.proceed();
    });
  }

  reply(topic: string, payload: string | Uint8Array): boolean {
    return this.outgoing.reply(topic, payload);
  }

  push(topic: string, payload: string | Uint8Array, qos: 0 | 1): Promise<Delivered> {
    return this.outgoing.push(topic, payload, qos);
  }

  grantedQos(filter: string): 0 | 1 | null {
    return this.subscriptions.qosOf(filter);
  }

  onSubscriptions(listener: () => void): void {
    this.subscriptionListeners.push(listener);
  }

  onEnd(listener: (reason: string) => void): void {
    this.endListeners.push(listener);
  }

  sendChunk(held: Held, publish: Publish, route: Extract<Route, { kind: "release-chunk" }>): void {
    this.chunks.handle(held, publish, route);
  }

  end(ending: Ending): void {
    this.line.end(ending);
  }

  // Channel: what the hub asks.

  get wantsCommands(): boolean {
    return this.subscriptions.commands !== null;
  }

  get wantsAttributes(): boolean {
    return this.subscriptions.attributes !== null;
  }

  deliverCommand(command: OutgoingCommand): Promise<Delivered> {
    const target = this.subscriptions.commands;
    if (target === null) return Promise.resolve("not-taken");
    const payload = codecOf(target.form, this.identity.profile).writeCommand(command);
    if (payload === null) return Promise.resolve("not-taken");
    return this.outgoing.push(target.topicPrefix + command.number, payload, target.qos);
  }

  /** One change at QoS 1 is under way at a time; those that come meanwhile are joined, so nothing piles up. */
  deliverAttributes(change: AttributeChange): void {
    if (this.isPushingChange) {
      this.changeBehind = this.changeBehind === null ? change : joinChanges(this.changeBehind, change);
      return;
    }
    void this.pushChange(change);
  }

  close(reason: Parameters<DeviceChannel["close"]>[0]): void {
    this.line.end(closings[reason]);
  }

  takenOver(): void {
    this.line.end(endings.takenOver);
  }

  private async pushChange(change: AttributeChange): Promise<void> {
    const target = this.subscriptions.attributes;
    if (target === null) return;
    const payload = codecOf(target.form, this.identity.profile).writeChange(change);
    this.isPushingChange = target.qos === 1;
    const delivered = await this.outgoing.push(target.topic, payload, target.qos);
    if (delivered === "not-taken")
      this.log.debug({ device: this.identity.device.name }, "A device did not take its attributes.");
    if (target.qos === 0) return;
    this.isPushingChange = false;
    const next = this.changeBehind;
    this.changeBehind = null;
    if (next !== null) this.deliverAttributes(next);
  }

  /** The limit may have room again; the message is then admitted, held back once more, or given up. */
  private askAgain(held: Held): void {
    const entry = this.heldBack.get(held);
    this.heldBack.delete(held);
    entry?.message.again();
    this.line.proceed();
  }

  /**
   * Nobody waits for a limit any more. What the device will send again is left to it; what it will not (QoS 0) goes
   * where its owner sees it.
   */
  private letGo(): void {
    this.isLetGo = true;
    for (const [held, { message, timer }] of this.heldBack) {
      clearTimeout(timer);
      if (message.publish.qos > 0) continue;
      this.heldBack.delete(held);
      message.giveUp();
    }
  }
}

const closings = {
  "device-deleted": endings.deleted,
  "device-disabled": endings.disabled,
  "credentials-revoked": endings.revoked,
} as const satisfies Record<Parameters<DeviceChannel["close"]>[0], Ending>;

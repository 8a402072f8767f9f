// A connection without a device: it asks for credentials, gets its answer, and ends a while later.
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { Log } from "../../platform/log.ts";
import { decodeProvision, provisionReply } from "../device-json.ts";
import { endings } from "./endings.ts";
import type { Publish } from "./frames.ts";
import { type Held, type Holder, InOrder } from "./in-order.ts";
import type { MqttLimits } from "./limits.ts";
import { Outgoing } from "./outgoing.ts";
import { acknowledgeRefused } from "./packets.ts";
import type { Line, Role } from "./role.ts";
import { publishReasons } from "./topics.ts";

const requestTopic = "/provision/request";
const responseTopic = "/provision/response";
const filters: ReadonlySet<string> = new Set([responseTopic, `${responseTopic}/+`]);

export class ProvisioningLink implements Role, Holder {
  private readonly line: Line;
  private readonly desk: DeviceDesk;
  private readonly limits: MqttLimits;
  private readonly log: Log;
  /** A wrong key or secret counts like a wrong token: guessing is bounded. */
  private readonly whenNotFound: () => void;
  private readonly inOrder = new InOrder(this);
  private readonly outgoing: Outgoing;
  private readonly subscribed = new Set<string>();
  private requestCount = 0;
  private isAsking = false;
  private isOver = false;
  private closing: NodeJS.Timeout;

  constructor(
    line: Line,
    host: { readonly desk: DeviceDesk; readonly limits: MqttLimits; readonly log: Log },
    whenNotFound: () => void,
  ) {
    this.line = line;
    this.desk = host.desk;
    this.limits = host.limits;
    this.log = host.log;
    this.whenNotFound = whenNotFound;
    this.outgoing = new Outgoing(line.traits, host.limits, (bytes) => line.write(bytes));
    this.closing = this.closeLater();
  }

  /** One request at a time. */
  get mayHandle(): boolean {
    return !this.isAsking;
  }

  get inflightCount(): number {
    return this.inOrder.size;
  }

  publish(publish: Publish): void {
    if (publish.qos === 2) {
      this.line.end(endings.qos);
      return;
    }
    const held = this.inOrder.hold(publish.messageId);
    if (publish.topic !== requestTopic)
      this.refuse(held, "Only /provision/request is served on this connection.");
    else if (this.requestCount >= this.limits.provisioningRequestsMax)
      this.refuse(held, "Too many requests on this connection; connect again.");
    else this.ask(held, publish);
  }

  subscribe(filter: string, qos: number): 0 | 1 | "unknown" {
    if (!filters.has(filter)) return "unknown";
    this.subscribed.add(filter);
    return qos > 0 ? 1 : 0;
  }

  unsubscribe(filter: string): boolean {
    return this.subscribed.delete(filter);
  }

  subscriptionsChanged(): void {
    // The answer comes whether subscribed or not.
  }

  acknowledged(): void {
    // Answers are sent at QoS 0.
  }

  takeDue(): Buffer | null {
    return this.inOrder.takeDue();
  }

  sweep(): void {
    // Nothing of it waits for an acknowledgement.
  }

  stopReading(): void {
    // A request under way is still answered.
  }

  ended(): void {
    this.isOver = true;
    clearTimeout(this.closing);
    this.outgoing.end();
  }

  done(held: Held): void {
    held.isDone = true;
    this.line.flushSoon();
  }

  /** Nothing that comes here goes to the store. */
  notStored(): void {
    this.line.end(endings.unavailable);
  }

  private ask(held: Held, publish: Publish): void {
    this.requestCount += 1;
    const request = decodeProvision(publish.payload);
    if ("reason" in request) {
      this.answer(held, { status: "FAILURE", provisionDeviceStatus: "FAILURE", errorMsg: request.detail.en });
      return;
    }
    this.isAsking = true;
    const whenFailed = (error: unknown): void => {
      this.log.warn({ err: error }, "A device could not be provisioned.");
      this.line.end(endings.unavailable);
    };
    void this.desk
      .provision(request)
      .then((answer) => {
        if (answer.status === "NOT_FOUND") this.whenNotFound();
        this.answer(held, provisionReply(answer));
      }, whenFailed)
      .finally(() => {
        this.isAsking = false;
        this.line.proceed();
      });
  }

  /** The acknowledgement follows the answer, and the connection ends a while after both. */
  private answer(held: Held, answer: object): void {
    this.outgoing.reply(responseTopic, JSON.stringify(answer));
    this.done(held);
    clearTimeout(this.closing);
    if (!this.isOver) this.closing = this.closeLater();
  }

  private closeLater(): NodeJS.Timeout {
    return setTimeout(() => this.line.end(endings.provisioned), this.limits.provisioningLingerMs);
  }

  private refuse(held: Held, detail: string): void {
    const { traits } = this.line;
    if (traits.protocolVersion === 5 && held.messageId > 0) {
      const { implementationError } = publishReasons;
      held.refusal = acknowledgeRefused(traits, held, { reasonCode: implementationError, detail });
    }
    this.done(held);
  }
}

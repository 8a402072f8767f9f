import type {
  Action,
  Actor,
  Answer,
  BilingualText,
  Conversation,
  EngineLabel,
  Language,
  Message,
  Proposal,
  Question,
} from "@waremind/contract";
import type { Catalog } from "../catalog/index.ts";
import type { CustomerSession, Customers } from "../customers/index.ts";
import type { Devices } from "../devices/index.ts";
import type { CheckText, EvidenceRecords } from "../evidence/index.ts";
import type { ConversationDesk } from "../flows/act.ts";
import type { Guard } from "../guard/index.ts";
import type { Inventory } from "../inventory/index.ts";
import type { Composer, ModelGateway } from "../language/index.ts";
import type { Orders } from "../orders/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Shipments } from "../shipments/index.ts";
import type { Telemetry } from "../telemetry/index.ts";

/** The one way from the assistant to an effect: the guard decides, a flow runs, the answer says what happened. */
export interface ActionProposals {
  propose(input: {
    actor: Actor;
    action: Action;
    conversationId: string | null;
    evidenceRecordId: string | null;
  }): Promise<Proposal>;
}

/** What the shop says of itself in an answer. */
export interface ShopProfile {
  readonly name: BilingualText;
  /** Telephone number as it is printed; empty when the shop has none. */
  readonly phone: string;
}

/** Only the verbs that read: the assistant cannot write a domain's rows even by mistake. */
export interface ReadingDoors {
  readonly customers: Pick<Customers, "findCustomer">;
  readonly orders: Pick<Orders, "findOrderByNumber" | "findOrder" | "ordersOf">;
  readonly shipments: Pick<Shipments, "shipmentsOfOrders" | "findShipmentByNumber" | "conditionOf">;
  readonly catalog: Pick<Catalog, "findBand" | "findVariants" | "findProduct" | "searchVariants">;
  readonly inventory: Pick<Inventory, "stockOf" | "findLots">;
  readonly telemetry: Pick<Telemetry, "seriesById">;
  readonly devices: Pick<Devices, "listDevices">;
  readonly guard: Pick<Guard, "clauses" | "findApproval">;
}

export interface AssistantDependencies extends ReadingDoors {
  readonly database: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly checkText: CheckText;
  readonly evidenceRecords: EvidenceRecords;
  readonly actions: ActionProposals;
  readonly composer: Composer;
  /** Null: the composer answers alone. */
  readonly model: ModelGateway | null;
  readonly shop: ShopProfile;
}

export interface Assistant {
  /** The engine that answers first; an answer of the other one is labelled as such. */
  readonly engine: EngineLabel;
  /**
   * Answers a proven customer. Everything in the answer was checked against facts read for it.
   * While a person has the conversation the question is stored and the returned notice (author `system`, not stored)
   * says who has it. Refuses with `not-found` a conversation of somebody else, `rate-limited` above the turns waiting.
   */
  answerQuestion(
    session: CustomerSession,
    question: Question,
    options?: { readonly channel?: Conversation["channel"] },
  ): Promise<Answer>;
}

export interface ConversationDetail extends Conversation {
  /** Oldest first, at most the last `messagesShownMax`. */
  readonly messages: readonly Message[];
}

/** The inbox of people. `person` names who acts; what they write is stored as theirs, unchecked. */
export interface Conversations extends ConversationDesk {
  /** Newest change first. */
  list(options: {
    limit: number;
    state?: Conversation["state"];
    customerId?: string;
  }): Promise<readonly Conversation[]>;
  find(conversationId: string): Promise<ConversationDetail | null>;
  /** Null when it does not exist or belongs to another customer. */
  findForCustomer(conversationId: string, customerId: string): Promise<ConversationDetail | null>;
  /** Whether this evidence record stands behind a message of this customer's own conversations. */
  ownsEvidence(evidenceRecordId: string, customerId: string): Promise<boolean>;
  /** Whether an answer of this customer's own conversation rests on this evidence. */
  ownsEvidence(evidenceRecordId: string, customerId: string): Promise<boolean>;
  countWaiting(): Promise<number>;
  /** Refuses with `conflict` while another person has it. */
  takeOver(conversationId: string, person: Person): Promise<Conversation>;
  handBack(conversationId: string, person: Person): Promise<Conversation>;
  /** Takes the conversation over when nobody has it. */
  reply(conversationId: string, person: Person, text: string, language?: Language): Promise<Message>;
  markSolved(conversationId: string, person: Person): Promise<Conversation>;
}

export interface Person {
  readonly userId: string;
  readonly name: string;
}

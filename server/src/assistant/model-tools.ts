import { z } from "zod";
import type { GatewayTool, Masker } from "../language/index.ts";
import type { OrderDetail } from "../orders/index.ts";
import { sayOutcome } from "./compose-answer.ts";
import type { ActionOutcome } from "./tools/action-tools.ts";
import type { FactSheet } from "./tools/fact-sheet.ts";
import type { OrderCandidate } from "./tools/order-candidates.ts";
import type { Toolbox } from "./tools/toolbox.ts";
import { sheetLines } from "./wording/fact-words.ts";
import type { Speech } from "./wording/speech.ts";

/** A tool's answer is cut here; the model may ask for less at a time. */
const resultCharactersMax = 6_000;
const wordsMax = 200;

const reference = z
  .string()
  .max(wordsMax)
  .describe(
    "Order, shipment or tracking number as the customer wrote it. Leave out for the newest or unfinished order.",
  )
  .optional();
const orderInput = z.object({ reference });
const productInput = z.object({
  product: z.string().max(wordsMax).describe("What the customer calls the product."),
});
const nothing = z.object({});
const topicInput = z.object({ topic: z.enum(["refund", "cancel", "any"]) });
const cancelInput = orderInput.extend({ reason: z.enum(["no-longer-needed", "ordered-by-mistake"]) });
const handOffInput = z.object({ reason: z.string().max(500) });

export interface ModelToolsInput {
  readonly tools: Toolbox;
  readonly speech: Speech;
  readonly masker: Masker;
  readonly candidates: () => Promise<readonly OrderCandidate[]>;
  /** Outcomes of actions, for the truth to be told even if the model does not. */
  readonly outcomes: ActionOutcome[];
}

/** The toolbox as a model sees it. Its answers are lines of facts, masked; its inputs are restored before use. */
export function modelTools(input: ModelToolsInput): readonly GatewayTool[] {
  return [...readingTools(input), ...actingTools(input)];
}

function readingTools(input: ModelToolsInput): readonly GatewayTool[] {
  const { tools, speech } = input;
  const facts = (sheets: readonly FactSheet[]): string =>
    sheets.length === 0 ? notFound : sheetLines(speech, sheets).join("\n");
  const aboutOrder = (
    name: string,
    description: string,
    read: (order: OrderDetail) => Promise<readonly FactSheet[]>,
  ): GatewayTool =>
    define(input, { name, description, schema: orderInput }, async (asked) => {
      const number = await orderMeant(input, asked.reference);
      const order = number === null ? null : await tools.orders.ownOrder(number);
      return order === null ? notFound : facts(await read(order));
    });
  return [
    define(
      input,
      { name: "findOrders", description: "The customer's newest orders with their lines.", schema: nothing },
      async () => facts(await tools.orders.findOrders()),
    ),
    aboutOrder("findOrder", "One order of the customer with its lines, state and money.", async (order) => [
      await tools.orders.sheetOf(order),
    ]),
    aboutOrder("trackShipment", "Where the parcels of an order are and when they arrive.", (order) =>
      tools.shipments.trackShipment(order),
    ),
    aboutOrder(
      "shipmentCondition",
      "What the temperature logger of an order's parcels recorded: limits, excursion minutes, peak, gaps, last reading.",
      (order) => tools.shipments.shipmentCondition(order),
    ),
    define(
      input,
      {
        name: "stockOfVariant",
        description: "Whether a product is in stock, and how that is known.",
        schema: productInput,
      },
      async ({ product }) => facts(await tools.stockOfVariant(product)),
    ),
    define(
      input,
      { name: "priceOfVariant", description: "What a product costs.", schema: productInput },
      async ({ product }) => facts(await tools.priceOfVariant(product)),
    ),
    define(
      input,
      { name: "policyClauses", description: "The shop's policy clauses by topic.", schema: topicInput },
      async ({ topic }) => facts(await tools.policyClauses(topic)),
    ),
  ];
}

function actingTools(input: ModelToolsInput): readonly GatewayTool[] {
  const { tools, speech, masker, outcomes } = input;
  const act = async (work: Promise<ActionOutcome>): Promise<string> => {
    const outcome = await work;
    outcomes.push(outcome);
    return outcomeText(speech, outcome);
  };
  return [
    define(
      input,
      {
        name: "proposeRefund",
        description: `Ask for the refund of a spoiled chilled parcel. ${twoCalls}`,
        schema: orderInput,
      },
      async ({ reference: named }) => {
        const number = await orderMeant(input, named);
        return number === null ? notFound : act(tools.proposeRefund(number));
      },
    ),
    define(
      input,
      {
        name: "proposeCancel",
        description: `Ask to cancel a pending order. ${twoCalls}`,
        schema: cancelInput,
      },
      async ({ reference: named, reason }) => {
        const number = await orderMeant(input, named);
        return number === null ? notFound : act(tools.proposeCancel(number, reason));
      },
    ),
    define(
      input,
      {
        name: "handOff",
        description: "Pass the conversation to a person, when they ask for one or nothing else can help.",
        schema: handOffInput,
      },
      ({ reason }) => act(tools.handOff(masker.restore(reason))),
    ),
  ];
}

const twoCalls =
  "The first call only offers it: ask the customer the question it returns. Call again after their yes.";

function define<Schema extends z.ZodType>(
  { masker }: ModelToolsInput,
  tool: { readonly name: string; readonly description: string; readonly schema: Schema },
  run: (value: z.infer<Schema>) => Promise<string>,
): GatewayTool {
  return {
    name: tool.name,
    description: tool.description,
    input: tool.schema,
    run: async (raw) => masker.mask((await run(tool.schema.parse(raw))).slice(0, resultCharactersMax)),
  };
}

/** The number as the customer wrote it, or the unfinished or newest order when the model names none. */
async function orderMeant(
  { masker, candidates }: ModelToolsInput,
  named: string | undefined,
): Promise<string | null> {
  if (named !== undefined) return masker.restore(named);
  const known = await candidates();
  return (known.find(({ isUnderway }) => isUnderway) ?? known[0])?.number ?? null;
}

const notFound = "Nothing was found under that name or number in this customer's account.";

function outcomeText(speech: Speech, outcome: ActionOutcome): string {
  const words = speech.join(sayOutcome(speech, outcome));
  if (outcome.kind === "offered") {
    return `NOT DONE YET. Ask the customer exactly this and wait for the answer: ${words}`;
  }
  if (outcome.kind === "decided") {
    return [`RESULT (say this, nothing more): ${words}`, ...sheetLines(speech, [outcome.result])].join("\n");
  }
  return `NOT POSSIBLE: ${words}`;
}

import {
  answerSchema,
  conversationSchema,
  evidenceRecordSchema,
  messageSchema,
  questionSchema,
} from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { addressOf, customerOf, defineRoute, idParam, notFound, ok, okSchema, type Route } from "../route.ts";
import { withNames } from "../views/conversation-views.ts";

const proofSchema = z.union(
  [
    z.object({ orderNumber: z.string().trim().min(1).max(64), email: z.string().trim().min(3).max(254) }),
    z.object({ identityToken: z.string().min(10).max(4096) }),
  ],
  { error: () => "give orderNumber and email, or identityToken" },
);

/** What a customer may do, through the widget or the shop's own pages: prove who they are, ask, read the answer's proof. */
export function customerRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/customer/sessions",
      summary: "Proves who a customer is: order number with its e-mail, or the shop's signed token.",
      access: "public",
      body: proofSchema,
      answers: z.object({ token: z.string(), customerName: z.string(), expiresAt: z.number() }),
      handle: async ({ body, context }) => {
        const proven =
          "identityToken" in body
            ? await needs.identityProof.proveByToken(body.identityToken)
            : await needs.identityProof.proveByOrder({ ...body, ...addressOf(context) });
        const customer = await needs.customers.findCustomer(proven.session.customerId);
        return {
          token: proven.token,
          customerName: customer?.name ?? "",
          expiresAt: proven.session.expiresAt,
        };
      },
    }),
    defineRoute({
      method: "delete",
      path: "/api/customer/sessions/current",
      summary: "Ends the session.",
      access: "customer",
      answers: okSchema,
      handle: async ({ caller }) => {
        await needs.customers.endSession(customerOf(caller).id);
        return ok;
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/questions",
      summary: "Asks a question; the answer rests on evidence or says that it cannot confirm.",
      access: "customer",
      body: questionSchema,
      answers: answerSchema,
      handle: ({ body, caller }) => needs.assistant.answerQuestion(customerOf(caller), body),
    }),
    ...readRoutes(needs),
  ];
}

function readRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/customer/conversations/{id}",
      summary: "The customer's own conversation.",
      access: "customer",
      params: idParam,
      answers: z.object({ conversation: conversationSchema, messages: z.array(messageSchema) }),
      handle: async ({ params, caller }) => {
        const thread = await needs.conversations.findForCustomer(params.id, customerOf(caller).customerId);
        // Somebody else's conversation is answered like one that does not exist.
        if (thread === null) throw notFound({ en: "conversation with this number", zh: "该编号的会话" });
        const [named = thread] = await withNames(needs, [thread]);
        const { messages, ...conversation } = named;
        return { conversation, messages: [...messages] };
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/customer/evidence/{id}",
      summary: "The proof of an answer that this customer got.",
      access: "customer",
      params: idParam,
      answers: evidenceRecordSchema,
      handle: async ({ params, caller }) => {
        const record = (await needs.conversations.ownsEvidence(params.id, customerOf(caller).customerId))
          ? await needs.evidenceRecords.find(params.id)
          : null;
        if (record === null) throw notFound({ en: "evidence with this number", zh: "该编号的证据" });
        // What was drafted and withheld is for the shop's own eyes.
        return { ...record, withheld: [] };
      },
    }),
  ];
}

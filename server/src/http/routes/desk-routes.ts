import {
  approvalSchema,
  approvalStateSchema,
  auditPageSchema,
  bilingualTextSchema,
  conversationSchema,
  evidenceRecordSchema,
  messageSchema,
  receiptSchema,
} from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, notFound, ok, okSchema, personOf, type Route } from "../route.ts";
import { withNames } from "../views/conversation-views.ts";

const shownMax = 200;

/** The desk: conversations, approvals, receipts, evidence, policies and the audit log. */
export function deskRoutes(needs: HttpDependencies): readonly Route[] {
  return [...conversationRoutes(needs), ...approvalRoutes(needs), ...recordRoutes(needs)];
}

function conversationRoutes(needs: HttpDependencies): readonly Route[] {
  const threadSchema = z.object({ conversation: conversationSchema, messages: z.array(messageSchema) });
  const step = (
    name: "take-over" | "hand-back" | "solve",
    summary: string,
    act: (id: string, person: ReturnType<typeof personOf>) => Promise<unknown>,
  ): Route =>
    defineRoute({
      method: "post",
      path: `/api/conversations/{id}/${name}`,
      summary,
      access: "conversations.reply",
      params: idParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await act(params.id, personOf(caller));
        return ok;
      },
    });
  return [
    defineRoute({
      method: "get",
      path: "/api/conversations",
      summary: "The inbox.",
      access: "conversations.read",
      answers: itemsOf(conversationSchema),
      handle: async () => ({
        items: await withNames(needs, await needs.conversations.list({ limit: shownMax })),
      }),
    }),
    defineRoute({
      method: "get",
      path: "/api/conversations/{id}",
      summary: "One conversation with its messages.",
      access: "conversations.read",
      params: idParam,
      answers: threadSchema,
      handle: async ({ params }) => {
        const thread = await needs.conversations.find(params.id);
        if (thread === null) throw notFound({ en: `conversation ${params.id}`, zh: `会话 ${params.id}` });
        const [named = thread] = await withNames(needs, [thread]);
        const { messages, ...conversation } = named;
        return { conversation, messages: [...messages] };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/conversations/{id}/messages",
      summary: "Replies as a person.",
      access: "conversations.reply",
      params: idParam,
      body: z.object({ text: z.string().trim().min(1).max(4000) }),
      answers: messageSchema,
      handle: ({ params, body, caller }) => needs.conversations.reply(params.id, personOf(caller), body.text),
    }),
    step("take-over", "Takes a conversation from the assistant.", (id, person) =>
      needs.conversations.takeOver(id, person),
    ),
    step("hand-back", "Gives a conversation back to the assistant.", (id, person) =>
      needs.conversations.handBack(id, person),
    ),
    step("solve", "Marks a conversation as solved.", (id, person) =>
      needs.conversations.markSolved(id, person),
    ),
  ];
}

function approvalRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/approvals",
      summary: "Approvals, waiting ones first.",
      access: "approvals.read",
      query: z.object({ state: approvalStateSchema.optional() }),
      answers: itemsOf(approvalSchema),
      handle: async ({ query }) => ({
        items: [
          ...(await needs.guard.approvals({
            limit: shownMax,
            ...(query.state === undefined ? {} : { state: query.state }),
          })),
        ],
      }),
    }),
    defineRoute({
      method: "get",
      path: "/api/approvals/{id}",
      summary: "One approval.",
      access: "approvals.read",
      params: idParam,
      answers: approvalSchema,
      handle: async ({ params }) => {
        const approval = await needs.guard.findApproval(params.id);
        if (approval === null) throw notFound({ en: `approval ${params.id}`, zh: `审批 ${params.id}` });
        return approval;
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/approvals/{id}/decision",
      summary: "Grants (and runs, once) or denies.",
      access: "approvals.decide",
      params: idParam,
      body: z.object({ verdict: z.enum(["grant", "deny"]), note: z.string().trim().max(1000).default("") }),
      answers: z.object({ approval: approvalSchema, receipt: receiptSchema.nullable() }),
      handle: ({ params, body, caller }) =>
        needs.actions.decide({
          approvalId: params.id,
          person: personOf(caller),
          verdict: body.verdict,
          note: body.note,
        }),
    }),
  ];
}

function recordRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/receipts/{id}",
      summary: "What an action changed.",
      access: "approvals.read",
      params: idParam,
      answers: receiptSchema,
      handle: async ({ params }) => {
        const receipt = await needs.guard.findReceipt(params.id);
        if (receipt === null) throw notFound({ en: `receipt ${params.id}`, zh: `回执 ${params.id}` });
        return receipt;
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/evidence/{id}",
      summary: "A text that was said, with its claims and facts.",
      access: "evidence.read",
      params: idParam,
      answers: evidenceRecordSchema,
      handle: async ({ params }) => {
        const record = await needs.evidenceRecords.find(params.id);
        if (record === null) throw notFound({ en: `evidence ${params.id}`, zh: `证据 ${params.id}` });
        return record;
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/policies",
      summary: "Policy clauses in force.",
      access: "evidence.read",
      answers: itemsOf(
        z.object({
          id: z.string(),
          version: z.int(),
          title: bilingualTextSchema,
          text: bilingualTextSchema,
          parameters: z.record(z.string(), z.unknown()),
        }),
      ),
      handle: async () => ({
        items: (await needs.guard.clauses()).map(({ id, version, title, text, parameters }) => ({
          id,
          version,
          title,
          text,
          parameters: { ...parameters },
        })),
      }),
    }),
    defineRoute({
      method: "get",
      path: "/api/audit",
      summary: "The audit log, newest first, and whether its chain holds.",
      access: "audit.read",
      query: z.object({
        limit: z.coerce.number().int().min(1).max(500).default(100),
        before: z.coerce.number().int().optional(),
        proof: z.enum(["shown", "whole"]).default("shown"),
      }),
      answers: auditPageSchema,
      handle: async ({ query }) => {
        const page = await needs.guard.audit({
          limit: query.limit,
          ...(query.before === undefined ? {} : { beforeSequence: query.before }),
        });
        const proof =
          query.proof === "whole"
            ? await needs.guard.proveAudit()
            : await needs.guard.proveShownAudit(page.entries);
        return {
          entries: [...page.entries],
          total: page.total,
          chainHolds: proof.firstBrokenSequence === null,
          firstBrokenSequence: proof.firstBrokenSequence,
        };
      },
    }),
  ];
}

import { type JobView, jobPageSchema, jobStates, jobViewSchema } from "@waremind/contract";
import { z } from "zod";
import type { Job } from "../../platform/job.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, notFound, personOf, type Route } from "../route.ts";

const jobsPerPage = 50;

/** Work in the background: what waits, what runs, and what was given up and wants a person. */
export function jobRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/jobs",
      summary: "Background jobs, newest first, fifty a page; `before` is the `next` of the page before.",
      access: "operations.read",
      query: z.object({
        state: z.enum(jobStates).optional(),
        before: z.string().min(1).max(100).optional(),
      }),
      answers: jobPageSchema,
      handle: async ({ query }) => {
        const jobs = await needs.jobs.list({
          limit: jobsPerPage,
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(query.before === undefined ? {} : { beforeId: query.before }),
        });
        const next = jobs.length < jobsPerPage ? null : (jobs.at(-1)?.id ?? null);
        return { items: jobs.map(viewOf), counts: await needs.jobs.counts(), next };
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/jobs/{id}",
      summary: "One background job.",
      access: "operations.read",
      params: idParam,
      answers: jobViewSchema,
      handle: async ({ params }) => {
        const job = await needs.jobs.find(params.id);
        if (job === null) throw notFound({ en: `job ${params.id}`, zh: `任务 ${params.id}` });
        return viewOf(job);
      },
    }),
    decision(needs, "retry", "Queues a job that was given up or cancelled again, a waiting one at once."),
    decision(needs, "cancel", "Ends a waiting job; asks a running one to end."),
  ];
}

function decision(needs: HttpDependencies, verb: "retry" | "cancel", summary: string): Route {
  return defineRoute({
    method: "post",
    path: `/api/jobs/{id}/${verb}`,
    summary,
    access: "operations.act",
    params: idParam,
    answers: jobViewSchema,
    handle: ({ params, caller }) =>
      needs.database.transaction(async (connection) => {
        const job = await needs.jobs[verb](connection, params.id);
        await needs.guard.appendAudit(connection, {
          kind: verb === "retry" ? "job-retried" : "job-cancelled",
          actor: personOf(caller),
          body: { jobId: job.id, jobKind: job.kind, lastError: job.lastError },
        });
        return viewOf(job);
      }),
  });
}

/** Without what only workers need to know. */
function viewOf(job: Job): JobView {
  const { id, kind, payload, state, runAt, attempts, attemptsMax, lastError } = job;
  const { isCancelAsked, progress, createdAt, startedAt, finishedAt } = job;
  return {
    ...{ id, kind, payload, state, runAt, attempts, attemptsMax, lastError },
    ...{ isCancelAsked, progress, createdAt, startedAt, finishedAt },
  };
}

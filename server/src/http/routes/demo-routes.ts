import { scenarioSchema, suiteViewSchema } from "@waremind/contract";
import { DomainError } from "../../platform/errors.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, ok, okSchema, type Route } from "../route.ts";

/** The demo's scenarios and the proof suites: what a person may start, watch and stop. */
export function demoRoutes(needs: HttpDependencies): readonly Route[] {
  const demo = () => {
    if (needs.demo === null)
      throw new DomainError("not-found", {
        en: "This shop is not a demo: it has no scenarios.",
        zh: "本店不是演示店铺,没有场景。",
      });
    return needs.demo;
  };
  const act = (
    path: string,
    summary: string,
    access: "demo.run" | "suites.run",
    run: (id: string) => Promise<unknown>,
  ): Route =>
    defineRoute({
      method: "post",
      path,
      summary,
      access,
      params: idParam,
      answers: okSchema,
      handle: async ({ params }) => {
        await run(params.id);
        return ok;
      },
    });
  return [
    defineRoute({
      method: "get",
      path: "/api/scenarios",
      summary: "Scenarios of the demo shop.",
      access: "overview.read",
      answers: itemsOf(scenarioSchema),
      handle: async () => ({ items: needs.demo === null ? [] : [...(await needs.demo.scenarios())] }),
    }),
    act("/api/scenarios/{id}/start", "Starts a scenario.", "demo.run", (id) =>
      Promise.resolve(demo().start(id)),
    ),
    act("/api/scenarios/{id}/stop", "Stops a scenario.", "demo.run", (id) =>
      Promise.resolve(demo().stop(id)),
    ),
    defineRoute({
      method: "get",
      path: "/api/suites",
      summary: "Proof suites and their last results.",
      access: "overview.read",
      answers: itemsOf(suiteViewSchema),
      handle: async () => ({ items: [...(await needs.proofs.suites())] }),
    }),
    act("/api/suites/{id}/run", "Runs a proof suite.", "suites.run", (id) => needs.proofs.run(id)),
    act("/api/suites/{id}/cancel", "Cancels a running suite.", "suites.run", (id) => needs.proofs.cancel(id)),
  ];
}

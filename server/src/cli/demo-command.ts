import { scenarioSchema } from "@waremind/contract";
import { defineCommand } from "citty";
import { z } from "zod";
import { readConfig } from "../config.ts";
import { CommandError, callServer } from "./control.ts";
import { print } from "./print.ts";

/** `waremind demo [list | start ID | stop ID]`: the same scenarios as in the console. */
export const demoCommand = defineCommand({
  meta: { name: "demo", description: "List, start or stop the demo's scenarios on the running server." },
  args: {
    verb: { type: "positional", required: false, default: "list", description: "list, start or stop" },
    scenario: { type: "positional", required: false, description: "Name of the scenario, as listed" },
  },
  async run({ args }) {
    const { dataDirectory } = readConfig();
    if (args.verb === "start" || args.verb === "stop") {
      if (args.scenario === undefined)
        throw new CommandError(`Say which scenario to ${args.verb}: waremind demo ${args.verb} NAME.`);
      await callServer(
        dataDirectory,
        "POST",
        `/api/scenarios/${encodeURIComponent(args.scenario)}/${args.verb}`,
      );
    } else if (args.verb !== "list") {
      throw new CommandError(
        `There is no "waremind demo ${args.verb}". There are: list, start NAME, stop NAME.`,
      );
    }
    const { items } = z
      .object({ items: z.array(scenarioSchema) })
      .parse(await callServer(dataDirectory, "GET", "/api/scenarios"));
    if (items.length === 0) print("This shop is not a demo: it has no scenarios.");
    for (const scenario of items)
      print(
        `${scenario.id.padEnd(24)} ${scenario.state.padEnd(9)} ${scenario.title.en} · ${scenario.title.zh}`,
      );
  },
});

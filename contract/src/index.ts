// The door of the contract: everything that crosses a process boundary.
export * from "./action.ts";
export * from "./alarm-rule.ts";
export * from "./claim.ts";
export * from "./condition.ts";
export * from "./conversation.ts";
export * from "./device.ts";
export * from "./device-scenario.ts";
export * from "./escalation.ts";
export * from "./fact.ts";
export * from "./fact-properties.ts";
export * from "./import.ts";
export * from "./job.ts";
export * from "./position.ts";
export * from "./problem.ts";
export * from "./reading.ts";
export * from "./text.ts";
export * from "./views.ts";

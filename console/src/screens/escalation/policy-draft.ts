import {
  type AlarmSeverity,
  type EscalationPolicy,
  type EscalationPolicyInput,
  escalationLimits,
  type NotificationTarget,
} from "@waremind/contract";
import { nextRow } from "../profile/profile-draft.ts";

export interface StepDraft {
  readonly row: number;
  readonly afterMinutes: string;
  readonly targetIds: readonly string[];
}

/** A policy while it is edited. */
export interface PolicyDraft {
  readonly nameEn: string;
  readonly nameZh: string;
  readonly minSeverity: AlarmSeverity;
  readonly profileId: string;
  /** Separated by commas. */
  readonly ruleIds: string;
  readonly isEnabled: boolean;
  readonly steps: readonly StepDraft[];
}

export type PolicyFault = "name" | "steps" | "minutes" | "order" | "targets";

const firstMinutes = [0, 5, 15] as const;

export function draftOfPolicy(
  policy: EscalationPolicy | null,
  targets: readonly NotificationTarget[],
): PolicyDraft {
  if (policy === null) {
    const targetIds = targets.filter((one) => one.kind === "screen").map((one) => one.id);
    const steps = firstMinutes.map((at) => ({ row: nextRow(), afterMinutes: String(at), targetIds }));
    return {
      ...{ nameEn: "", nameZh: "", minSeverity: "warning", profileId: "", ruleIds: "", isEnabled: true },
      steps,
    };
  }
  const { name, minSeverity, profileIds, ruleIds, isEnabled } = policy;
  return {
    ...{ nameEn: name.en, nameZh: name.zh, minSeverity, isEnabled },
    ...{ profileId: profileIds[0] ?? "", ruleIds: ruleIds.join(", ") },
    steps: policy.steps.map((step) => ({
      row: nextRow(),
      afterMinutes: String(step.afterMinutes),
      targetIds: step.targetIds,
    })),
  };
}

export function newStep(steps: readonly StepDraft[]): StepDraft {
  const last = steps.at(-1);
  const minutes = last === undefined ? 0 : Number(last.afterMinutes) + 15;
  return { row: nextRow(), afterMinutes: String(minutes), targetIds: last?.targetIds ?? [] };
}

/** What the API takes, and the first thing that is wrong. Its hours, and more profiles than one, stay as they are stored. */
export function readPolicy(
  draft: PolicyDraft,
  stored: EscalationPolicy | null,
): { readonly input: EscalationPolicyInput; readonly fault: PolicyFault | null } {
  const steps = draft.steps.map((step) => ({
    afterMinutes: step.afterMinutes.trim() === "" ? Number.NaN : Number(step.afterMinutes),
    targetIds: [...step.targetIds],
  }));
  const isSameProfile = stored !== null && (stored.profileIds[0] ?? "") === draft.profileId;
  const input: EscalationPolicyInput = {
    name: { en: draft.nameEn.trim(), zh: draft.nameZh.trim() },
    ...{ minSeverity: draft.minSeverity, isEnabled: draft.isEnabled, steps },
    schedule: stored?.schedule ?? null,
    profileIds: isSameProfile ? stored.profileIds : draft.profileId === "" ? [] : [draft.profileId],
    ruleIds: draft.ruleIds
      .split(/[,，\s]+/u)
      .map((id) => id.trim())
      .filter((id) => id !== ""),
  };
  return { input, fault: faultOf(input) };
}

function faultOf({ name, steps }: EscalationPolicyInput): PolicyFault | null {
  if (name.en === "" || name.zh === "") return "name";
  if (steps.length === 0) return "steps";
  const isMinutes = (at: number): boolean => at >= 0 && at <= escalationLimits.afterMinutesMax;
  if (!steps.every((step) => isMinutes(step.afterMinutes))) return "minutes";
  if (steps.some((step, index) => step.afterMinutes <= (steps[index - 1]?.afterMinutes ?? -1)))
    return "order";
  return steps.some((step) => step.targetIds.length === 0) ? "targets" : null;
}

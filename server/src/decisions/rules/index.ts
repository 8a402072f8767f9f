export { advanceRule, advanceTime, isLate } from "./advance-rule.ts";
export { checkpointBefore, checkpointsMax, withCheckpoint } from "./checkpoints.ts";
export {
  type CompiledRule,
  type CompileResult,
  compileRule,
  type RuleContext,
} from "./compile-rule.ts";
export { compileExpression, type RuleKey } from "./expression.ts";
export { compareEvents, type Moment, momentsOf, type RuleEvent, type RuleValue } from "./moment.ts";
export { nextTimeAt } from "./next-time.ts";
export { passQuietly, type Stretch, stretchOf } from "./pass-quietly.ts";
export { fillRuleMessage, type RulePlaceholder, rulePlaceholders } from "./rule-message.ts";
export { copyState, never, type RuleState, startRule, type Transition } from "./rule-state.ts";
export { isActiveAt, nextActiveAt } from "./schedule.ts";
export { causeOfSilence, type SilenceCause, type SilenceCircumstances } from "./silence-cause.ts";
export { type FoldBounds, openSpan, type Refolded, type RuleSpan, refold, spansOf } from "./spans.ts";

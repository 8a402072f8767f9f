import i18next from "i18next";
import { useTranslation } from "react-i18next";

/** Groups of the word files whose keys are codes that the server sends. */
export type CodeGroup =
  | "orderState"
  | "shipmentState"
  | "verdict"
  | "availability"
  | "refundState"
  | "paymentState"
  | "approvalState"
  | "commandState"
  | "rolloutState"
  | "rolloutDeviceState"
  | "transport"
  | "devicePlace"
  | "deviceState"
  | "liveness"
  | "limitName"
  | "connectionReason"
  | "credentialKind"
  | "provisionStrategy"
  | "releaseKind"
  | "severity"
  | "scenarioState"
  | "historyKind"
  | "refundReason"
  | "property"
  | "subjectKind"
  | "table"
  | "auditKind"
  | "jobKind"
  | "quarantineReason"
  | "role"
  | "computedBy"
  | "seriesKey";

/** The words for a code the server sent. A code without words is shown as it is: better than hiding what happened. */
export function wordsFor(group: CodeGroup, code: string): string {
  const key = `${group}.${code}`;
  if (i18next.exists(key)) return i18next.t(key as "verdict.excursion");
  const [, base, number] = numbered.exec(code) ?? [];
  // `weight-2` is the second of its kind: the word of the kind with its number.
  return base === undefined ? code : `${wordsFor(group, base)} ${number}`;
}

const numbered = /^(.+)-(\d+)$/;

/** `wordsFor` for components: renders again when the language changes. */
export function useWords(): typeof wordsFor {
  useTranslation();
  return wordsFor;
}

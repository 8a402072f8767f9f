import type { AlarmSeverity, DeliveryState, EscalationStop, Language, TargetKind } from "@waremind/contract";
import type { Generated } from "kysely";

/** The tables this domain owns. */
export interface NotificationTables {
  notificationTarget: {
    id: string;
    kind: TargetKind;
    nameEn: string;
    nameZh: string;
    language: Language;
    /** jsonb: write text, read `string[]`. */
    addresses: unknown;
    url: string | null;
    secretRevision: Generated<number>;
    isEnabled: boolean;
    perMinuteMax: number;
    createdAt: number;
    updatedAt: number;
  };
  escalationPolicy: {
    id: string;
    nameEn: string;
    nameZh: string;
    minSeverity: AlarmSeverity;
    /** jsonb, as `schedule`, `profileIds` and `ruleIds`: write text. */
    steps: unknown;
    schedule: unknown;
    profileIds: unknown;
    ruleIds: unknown;
    isEnabled: boolean;
    createdAt: number;
    updatedAt: number;
  };
  alarmEscalation: {
    alarmId: string;
    policyId: string;
    policyNameEn: string;
    policyNameZh: string;
    steps: unknown;
    nextStep: number | null;
    nextAt: number | null;
    stoppedAt: number | null;
    stoppedBecause: EscalationStop | null;
  };
  notificationDelivery: {
    id: string;
    alarmId: string | null;
    step: number;
    targetId: string;
    targetKind: TargetKind;
    targetNameEn: string;
    targetNameZh: string;
    sentTo: string;
    state: DeliveryState;
    notedAt: number;
    claimedAt: number | null;
    sentAt: number | null;
    attempts: Generated<number>;
    lastError: string | null;
    digestId: string | null;
  };
}

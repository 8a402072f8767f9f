import { useQuery } from "@tanstack/react-query";
import type { Delivery, MadeTarget, NotificationTarget, TargetKind } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { alarmQueries } from "../../api/alarm-queries.ts";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import type { IconName } from "../../ui/icon.tsx";
import { Modal } from "../../ui/modal.tsx";
import { OnceNotice, Secret } from "../../ui/secret.tsx";
import { Loaded, ProblemNotice } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";
import { DeliveryRow } from "../alarms/escalation-log.tsx";
import { TargetForm } from "./target-form.tsx";

const icons: Record<TargetKind, IconName> = { screen: "overview", email: "inbox", webhook: "link" };

export function TargetList(): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const targets = useQuery(alarmQueries.targets());
  const [edited, setEdited] = useState<NotificationTarget | null | undefined>(undefined);
  const [made, setMade] = useState<MadeTarget | null>(null);
  return (
    <Card
      title={t("escalation.tabs.targets")}
      isPadded={false}
      aside={
        may("escalation.write") && (
          <Button size="small" icon="plus" onClick={() => setEdited(null)} data-testid="target-new">
            {t("escalation.newTarget")}
          </Button>
        )
      }
    >
      <Loaded query={targets} skeletonRows={3}>
        {({ items }) => (
          <ul>
            {items.map((target) => (
              <TargetRow
                key={target.id}
                target={target}
                onEdit={() => setEdited(target)}
                onSecret={setMade}
              />
            ))}
          </ul>
        )}
      </Loaded>
      {edited !== undefined && (
        <TargetForm target={edited} onMade={setMade} onClose={() => setEdited(undefined)} />
      )}
      {made?.secret != null && (
        <Modal isOpen onClose={() => setMade(null)} title={t("escalation.secretTitle")}>
          <div className="flex flex-col gap-4">
            <OnceNotice />
            <Secret label={t("escalation.secret")} text={made.secret} testId="webhook-secret" />
            <p className="text-ink-soft text-small">{t("escalation.secretText")}</p>
            <Button look="primary" className="self-end" onClick={() => setMade(null)}>
              {t("common.close")}
            </Button>
          </div>
        </Modal>
      )}
    </Card>
  );
}

interface TargetRowProps {
  readonly target: NotificationTarget;
  readonly onEdit: () => void;
  readonly onSecret: (made: MadeTarget) => void;
}

function TargetRow({ target, onEdit, onSecret }: TargetRowProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const [tested, setTested] = useState<string | null>(null);
  const place = target.kind === "email" ? target.addresses.join(", ") : target.url;
  return (
    <li
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-line border-b px-4 py-3 last:border-b-0"
      data-testid={`target-${target.id}`}
    >
      <div className="min-w-60 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <Badge tone="neutral" icon={icons[target.kind]}>
            {t(`escalation.kind.${target.kind}`)}
          </Badge>
          <span className="font-medium">{format.text(target.name)}</span>
          {!target.isEnabled && (
            <Badge tone="neutral" icon="pause">
              {t("escalation.off")}
            </Badge>
          )}
        </p>
        <p className="mt-0.5 break-all text-ink-soft text-small">
          {place !== null && `${place} · `}
          {target.kind !== "screen" && t("escalation.perMinute", { count: target.perMinuteMax })}
          {target.kind !== "screen" && ` · ${t(`escalation.language.${target.language}`)}`}
        </p>
      </div>
      {may("escalation.write") && (
        <TargetActs target={target} onEdit={onEdit} onSecret={onSecret} onTested={setTested} />
      )}
      {tested !== null && <TestResult deliveryId={tested} />}
    </li>
  );
}

interface TargetActsProps extends TargetRowProps {
  readonly onTested: (deliveryId: string) => void;
}

function TargetActs({ target, onEdit, onSecret, onTested }: TargetActsProps): ReactElement {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"delete" | "renew" | null>(null);
  const path = `/api/notification-targets/${encodeURIComponent(target.id)}`;
  const close = (): void => setAsking(null);
  const test = useChange<void, Delivery>({
    run: () => request<Delivery>(`${path}/test`, { method: "POST", body: {} }),
    ...{ refreshes: [], failed: t("escalation.testFailed") },
    onDone: ({ id }) => onTested(id),
  });
  const remove = useChange({
    run: () => request(path, { method: "DELETE" }),
    ...{ refreshes: ["notification-targets"], done: t("escalation.targetDeleted"), onDone: close },
  });
  const renew = useChange<void, MadeTarget>({
    run: () => request<MadeTarget>(`${path}/renew-secret`, { method: "POST", body: {} }),
    refreshes: ["notification-targets"],
    onDone: (made) => {
      close();
      onSecret(made);
    },
  });
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        size="small"
        icon="send"
        isBusy={test.isPending}
        onClick={() => test.mutate()}
        data-testid={`test-${target.id}`}
      >
        {t("escalation.sendTest")}
      </Button>
      {target.kind === "webhook" && (
        <Button size="small" icon="key" onClick={() => setAsking("renew")}>
          {t("escalation.renew")}
        </Button>
      )}
      <Button size="small" icon="edit" onClick={onEdit}>
        {t("escalation.edit")}
      </Button>
      <Button
        size="small"
        look="quiet"
        icon="trash"
        aria-label={t("escalation.deleteTarget")}
        onClick={() => setAsking("delete")}
      />
      <Confirm
        isOpen={asking === "delete"}
        onClose={close}
        onConfirm={() => remove.mutate()}
        title={t("escalation.deleteTarget")}
        verb={t("escalation.delete")}
        isBusy={remove.isPending}
        error={remove.error}
      >
        <p>{t("escalation.deleteTargetText")}</p>
      </Confirm>
      <Confirm
        isOpen={asking === "renew"}
        onClose={close}
        onConfirm={() => renew.mutate()}
        title={t("escalation.renew")}
        verb={t("escalation.renew")}
        isBusy={renew.isPending}
        error={renew.error}
      >
        <p>{t("escalation.renewText")}</p>
      </Confirm>
    </div>
  );
}

/** Follows a test until it arrived or was given up. */
function TestResult({ deliveryId }: { readonly deliveryId: string }): ReactElement {
  const delivery = useQuery(alarmQueries.delivery(deliveryId));
  if (delivery.data === undefined)
    return delivery.isError ? <ProblemNotice error={delivery.error} className="w-full" /> : <span />;
  return (
    <ul
      role="status"
      className="w-full rounded-control border border-line bg-sunken"
      data-testid="test-result"
    >
      <DeliveryRow delivery={delivery.data} />
    </ul>
  );
}

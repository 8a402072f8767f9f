import { useQuery } from "@tanstack/react-query";
import type { AttributeView } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../../api/device-queries.ts";
import { useMay } from "../../api/use-may.ts";
import { Age } from "../../ui/age.tsx";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import type { IconName } from "../../ui/icon.tsx";
import { JsonText } from "../../ui/json-value.tsx";
import { Mono } from "../../ui/mono.tsx";
import { ProposalNotice } from "../../ui/proposal-notice.tsx";
import { EmptyState, Loaded } from "../../ui/states.tsx";
import { DataTable } from "../../ui/table.tsx";
import { type AttributeEdit, EditAttribute, useAttributeChange } from "./attributes/edit-attribute.tsx";
import { type AttributePair, type PairState, pairAttributes } from "./attributes/pair-attributes.ts";

interface Removal {
  readonly scope: AttributeEdit["scope"];
  readonly key: string;
}

/** What we want of the device beside what it says of itself, and what only the server keeps about it. */
export function AttributesTab({ deviceName }: { readonly deviceName: string }): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const attributes = useQuery(deviceQueries.attributes(deviceName));
  const [edit, setEdit] = useState<AttributeEdit | null>(null);
  const [removal, setRemoval] = useState<Removal | null>(null);
  const canChange = { shared: may("devices.command"), server: may("devices.write") };
  const add = (scope: AttributeEdit["scope"]) =>
    canChange[scope] && (
      <Button
        size="small"
        icon="plus"
        onClick={() => setEdit({ scope, attribute: null })}
        data-testid={`attribute-add-${scope}`}
      >
        {t(`attribute.add.${scope}`)}
      </Button>
    );
  const actions: Actions = { onEdit: setEdit, onRemove: setRemoval };
  return (
    <div className="flex flex-col gap-4">
      <Card title={t("attribute.pairs")} isPadded={false} aside={add("shared")}>
        <Loaded query={attributes} skeletonRows={4}>
          {({ items, delta }) => (
            <Pairs pairs={pairAttributes(items, delta)} actions={canChange.shared ? actions : null} />
          )}
        </Loaded>
      </Card>
      <Card title={t("attribute.server")} isPadded={false} aside={add("server")}>
        <Loaded query={attributes} skeletonRows={2}>
          {({ items }) => (
            <ServerSide
              items={items.filter((item) => item.scope === "server")}
              actions={canChange.server ? actions : null}
            />
          )}
        </Loaded>
      </Card>
      {edit !== null && <EditAttribute deviceName={deviceName} edit={edit} onClose={() => setEdit(null)} />}
      {removal !== null && (
        <RemoveAttribute deviceName={deviceName} removal={removal} onClose={() => setRemoval(null)} />
      )}
    </div>
  );
}

interface Actions {
  readonly onEdit: (edit: AttributeEdit) => void;
  readonly onRemove: (removal: Removal) => void;
}

const looks: Record<PairState, { readonly tone: Tone; readonly icon: IconName }> = {
  matches: { tone: "good", icon: "check" },
  differs: { tone: "warn", icon: "alarm" },
  unreported: { tone: "warn", icon: "clock" },
  "reported-only": { tone: "neutral", icon: "dot" },
  told: { tone: "neutral", icon: "release" },
};

function Pairs({
  pairs,
  actions,
}: {
  readonly pairs: readonly AttributePair[];
  readonly actions: Actions | null;
}): ReactElement {
  const { t } = useTranslation();
  if (pairs.length === 0) {
    return (
      <EmptyState
        icon="rules"
        title={t("attribute.empty")}
        text={t("attribute.emptyText")}
        className="py-6"
      />
    );
  }
  return (
    <DataTable
      label={t("attribute.pairs")}
      rows={pairs}
      keyOf={(pair) => pair.key}
      testIdOf={(pair) => `attribute-${pair.key}`}
      rowClass={(pair) => (pair.state === "differs" ? "bg-warn-soft" : undefined)}
      columns={[
        {
          key: "key",
          title: t("attribute.key"),
          cell: (pair) => <Mono className="block min-w-24 [overflow-wrap:anywhere]">{pair.key}</Mono>,
        },
        { key: "desired", title: t("attribute.desired"), cell: (pair) => <Side attribute={pair.desired} /> },
        {
          key: "reported",
          title: t("attribute.reported"),
          cell: (pair) => <Side attribute={pair.reported} />,
        },
        {
          key: "state",
          title: t("common.state"),
          cell: (pair) => <Badge {...looks[pair.state]}>{t(`attribute.pair.${pair.state}`)}</Badge>,
        },
        {
          key: "actions",
          title: <span className="sr-only">{t("common.actions")}</span>,
          isNumber: true,
          cell: ({ key, desired, reported }) =>
            actions !== null && (
              <RowActions
                name={key}
                onEdit={() => {
                  const attribute = desired ?? reported;
                  if (attribute !== null) actions.onEdit({ scope: "shared", attribute });
                }}
                onRemove={desired === null ? null : () => actions.onRemove({ scope: "shared", key })}
              />
            ),
        },
      ]}
    />
  );
}

function Side({ attribute }: { readonly attribute: AttributeView | null }): ReactElement {
  const { t } = useTranslation();
  if (attribute === null) return <span className="text-ink-faint">–</span>;
  return (
    <span className="block min-w-32 max-w-80">
      <JsonText value={attribute.value} className="line-clamp-4" />
      <span className="block text-ink-faint text-micro">
        {t("attribute.version", { version: attribute.version })} · {attribute.updatedBy} ·{" "}
        <Age at={attribute.updatedAt} />
      </span>
    </span>
  );
}

interface RowActionsProps {
  readonly name: string;
  readonly onEdit: () => void;
  readonly onRemove: (() => void) | null;
}

function RowActions({ name, onEdit, onRemove }: RowActionsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <span className="inline-flex gap-1">
      <Button
        size="small"
        look="quiet"
        icon="edit"
        onClick={onEdit}
        aria-label={t("attribute.editOne", { key: name })}
        data-testid={`attribute-edit-${name}`}
      />
      {onRemove !== null && (
        <Button
          size="small"
          look="quiet"
          icon="trash"
          onClick={onRemove}
          aria-label={t("attribute.removeOne", { key: name })}
        />
      )}
    </span>
  );
}

function ServerSide({
  items,
  actions,
}: {
  readonly items: readonly AttributeView[];
  readonly actions: Actions | null;
}): ReactElement {
  const { t } = useTranslation();
  if (items.length === 0) {
    return (
      <EmptyState
        icon="rules"
        title={t("attribute.serverEmpty")}
        text={t("attribute.serverText")}
        className="py-6"
      />
    );
  }
  return (
    <DataTable
      label={t("attribute.server")}
      rows={items}
      keyOf={(item) => item.key}
      columns={[
        {
          key: "key",
          title: t("attribute.key"),
          cell: (item) => <Mono className="block min-w-24 [overflow-wrap:anywhere]">{item.key}</Mono>,
        },
        { key: "value", title: t("attribute.value"), cell: (item) => <Side attribute={item} /> },
        {
          key: "actions",
          title: <span className="sr-only">{t("common.actions")}</span>,
          isNumber: true,
          cell: (item) =>
            actions !== null && (
              <RowActions
                name={item.key}
                onEdit={() => actions.onEdit({ scope: "server", attribute: item })}
                onRemove={() => actions.onRemove({ scope: "server", key: item.key })}
              />
            ),
        },
      ]}
    />
  );
}

interface RemoveAttributeProps {
  readonly deviceName: string;
  readonly removal: Removal;
  readonly onClose: () => void;
}

function RemoveAttribute({ deviceName, removal, onClose }: RemoveAttributeProps): ReactElement {
  const { t } = useTranslation();
  const change = useAttributeChange(deviceName, removal.scope, onClose);
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={t("attribute.removeOne", { key: removal.key })}
      verb={t("attribute.remove")}
      isBusy={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate({ values: {}, deletedKeys: [removal.key] })}
    >
      <p>{t(`attribute.removeText.${removal.scope}`)}</p>
      {change.data != null && <ProposalNotice proposal={change.data} />}
    </Confirm>
  );
}

import type { CommandDefinition, JsonValue } from "@waremind/contract";
import { type FormEvent, type ReactElement, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ProposedCommand } from "../../../api/answers.ts";
import { deviceAt } from "../../../api/device-queries.ts";
import { request } from "../../../api/request.ts";
import { useFormat } from "../../../format/use-format.ts";
import { Button } from "../../../ui/button.tsx";
import { CheckField, SelectField, TextAreaField, TextField } from "../../../ui/field.tsx";
import { Icon } from "../../../ui/icon.tsx";
import { ProposalNotice } from "../../../ui/proposal-notice.tsx";
import { ProblemNotice } from "../../../ui/states.tsx";
import { useAttemptKey } from "../../../ui/use-attempt-key.ts";
import { useChange } from "../../../ui/use-change.ts";
import { parseValue } from "../attributes/attribute-value.ts";
import { commandLifetimes, readParameters } from "./command-form.ts";
import { ParameterFields } from "./parameter-fields.tsx";

/** How long the screen waits for the answer of a two-way command, milliseconds; it goes on in the list. */
const waitMs = 10_000;
const freeMethod = "";

interface SendCommandProps {
  readonly deviceName: string;
  readonly isConnected: boolean;
  readonly definitions: readonly CommandDefinition[];
  readonly onSent: () => void;
}

interface CommandBody {
  readonly method: string;
  readonly params: JsonValue;
  readonly isOneWay: boolean;
  readonly isPersistent: boolean;
  readonly lifetimeMs: number;
}

/** A command of the device's profile with its parameters, or one by a free name; the guard decides whether it goes out. */
export function SendCommand(props: SendCommandProps): ReactElement {
  const { deviceName, isConnected, definitions, onSent } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const attempt = useAttemptKey();
  const [method, setMethod] = useState(definitions[0]?.method ?? freeMethod);
  const definition = definitions.find((one) => one.method === method) ?? null;
  const send = useChange<CommandBody, ProposedCommand>({
    run: (body) =>
      request<ProposedCommand>(`${deviceAt(deviceName)}/commands`, {
        method: "POST",
        body: {
          ...body,
          idempotencyKey: attempt.keyFor(body),
          // What only waits for the device to come back is followed in the list.
          waitMs: body.isOneWay || !isConnected ? 0 : waitMs,
        },
      }),
    refreshes: ["device-commands", "approvals"],
    onDone: () => {
      attempt.answered();
      onSent();
    },
  });
  return (
    <div className="flex flex-col gap-4">
      <SelectField
        label={t("command.method")}
        value={method}
        onChange={(event) => {
          setMethod(event.target.value);
          send.reset();
        }}
        testId="command-method"
      >
        {definitions.map((one) => (
          <option key={one.method} value={one.method}>
            {format.text(one.name)} · {one.method}
          </option>
        ))}
        <option value={freeMethod}>{t("command.free")}</option>
      </SelectField>
      {definition?.isPhysical === true && (
        <p className="flex items-start gap-2 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-warn">
          <Icon name="alarm" className="mt-0.5" />
          {t("command.physical")}
        </p>
      )}
      <CommandForm
        key={method}
        definition={definition}
        isBusy={send.isPending}
        onSubmit={(body) => send.mutate(body)}
      >
        {send.isError && <ProblemNotice error={send.error} />}
        {send.data !== undefined && <ProposalNotice proposal={send.data} />}
      </CommandForm>
    </div>
  );
}

interface CommandFormProps {
  /** Null: a free method with free parameters. */
  readonly definition: CommandDefinition | null;
  readonly isBusy: boolean;
  readonly onSubmit: (body: CommandBody) => void;
  /** What became of it, beside the button that sent it. */
  readonly children: ReactNode;
}

function CommandForm({ definition, isBusy, onSubmit, children }: CommandFormProps): ReactElement {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [isTried, setIsTried] = useState(false);
  const [isOneWay, setIsOneWay] = useState(definition?.isOneWay ?? false);
  const [isPersistent, setIsPersistent] = useState(true);
  const read = definition === null ? readFree(typed) : readParameters(definition, typed);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setIsTried(true);
    if (Object.keys(read.faults).length > 0) return;
    const lifetime = String(new FormData(event.currentTarget).get("lifetime") ?? "");
    onSubmit({
      method: definition?.method ?? (typed["method"] ?? "").trim(),
      params: read.params,
      isOneWay,
      isPersistent,
      lifetimeMs: commandLifetimes.find((one) => one.id === lifetime)?.ms ?? commandLifetimes[1].ms,
    });
  };
  const change = (name: string, text: string): void => setTyped((before) => ({ ...before, [name]: text }));
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      {definition === null ? (
        <FreeFields typed={typed} faults={isTried ? read.faults : {}} onChange={change} />
      ) : (
        <ParameterFields
          parameters={definition.parameters}
          typed={typed}
          faults={isTried ? read.faults : {}}
          onChange={change}
        />
      )}
      <CheckField
        label={t("command.oneWay")}
        hint={t("command.oneWayHint")}
        checked={isOneWay}
        disabled={definition?.isOneWay === true}
        onChange={(event) => setIsOneWay(event.target.checked)}
      />
      <CheckField
        label={t("command.persistent")}
        hint={t("command.persistentHint")}
        checked={isPersistent}
        onChange={(event) => setIsPersistent(event.target.checked)}
      />
      <SelectField name="lifetime" label={t("command.lifetime")} defaultValue="10m">
        {commandLifetimes.map(({ id }) => (
          <option key={id} value={id}>
            {t(`command.lifetimes.${id}`)}
          </option>
        ))}
      </SelectField>
      {children}
      <Button
        look="primary"
        icon="send"
        type="submit"
        isBusy={isBusy}
        data-testid="command-send"
        className="self-end"
      >
        {t("command.send")}
      </Button>
    </form>
  );
}

function readFree(typed: Readonly<Record<string, string>>): {
  readonly params: JsonValue;
  readonly faults: Readonly<Record<string, "missing" | "json">>;
} {
  const text = (typed["params"] ?? "").trim();
  const parsed = text === "" ? ({ ok: true, value: {} } as const) : parseValue("json", text);
  return {
    params: parsed.ok ? parsed.value : null,
    faults: {
      ...((typed["method"] ?? "").trim() === "" ? { method: "missing" as const } : {}),
      ...(parsed.ok ? {} : { params: "json" as const }),
    },
  };
}

interface FreeFieldsProps {
  readonly typed: Readonly<Record<string, string>>;
  readonly faults: Readonly<Record<string, string>>;
  readonly onChange: (name: string, text: string) => void;
}

function FreeFields({ typed, faults, onChange }: FreeFieldsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <p className="text-ink-soft">{t("command.freeText")}</p>
      <TextField
        label={t("command.freeMethod")}
        value={typed["method"] ?? ""}
        onChange={(event) => onChange("method", event.target.value)}
        hint={
          faults["method"] === undefined ? undefined : (
            <span className="text-bad">{t("command.fault.missing")}</span>
          )
        }
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        testId="command-free-method"
      />
      <TextAreaField
        label={t("command.freeParams")}
        value={typed["params"] ?? ""}
        onChange={(event) => onChange("params", event.target.value)}
        hint={
          faults["params"] === undefined ? undefined : (
            <span className="text-bad">{t("attribute.fault.json")}</span>
          )
        }
        rows={4}
        spellCheck={false}
        placeholder="{}"
        className="[&_textarea]:font-mono [&_textarea]:text-small"
      />
    </>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { DeviceImportRow } from "@waremind/contract";
import { type ChangeEvent, type ReactElement, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceImport } from "../../api/answers.ts";
import { request } from "../../api/request.ts";
import { useFormat } from "../../format/use-format.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { downloadText } from "../../ui/download.ts";
import { TextAreaField } from "../../ui/field.tsx";
import type { IconName } from "../../ui/icon.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Mono } from "../../ui/mono.tsx";
import { OnceNotice } from "../../ui/secret.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { DataTable } from "../../ui/table.tsx";
import { type ImportSource, isNothing, isTooBig, tokensCsv } from "./import-csv.ts";

const sample = "name,label,profile,gateway,token\nlogger-101,Cold room 1,parcel-logger,,\n";
/** Lines shown of a preview; refused ones stand first, so that none hides behind it. */
const previewRowsMax = 300;

interface ImportDevicesProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Many devices from a table: tried first without changing anything, then taken in, with the tokens handed out once. */
export function ImportDevices({ isOpen, onClose }: ImportDevicesProps): ReactElement {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [source, setSource] = useState<ImportSource>("");
  const preview = useMutation({ mutationFn: () => send(source, true) });
  const run = useMutation({
    mutationFn: () => send(source, false),
    onSuccess: () => client.invalidateQueries({ queryKey: ["device-rows"] }),
  });
  const change = (next: ImportSource): void => {
    setSource(next);
    preview.reset();
  };
  const close = (): void => {
    change("");
    run.reset();
    onClose();
  };
  return (
    <Modal isOpen={isOpen} onClose={close} title={t("devices.import")} className="sm:top-[6vh] sm:max-w-3xl">
      {run.data === undefined ? (
        <div className="flex flex-col gap-4">
          <Source source={source} onChange={change} />
          {preview.isError && <ProblemNotice error={preview.error} />}
          {run.isError && <ProblemNotice error={run.error} />}
          {preview.data !== undefined && <Outcome answer={preview.data} isPreview />}
          <div className="flex flex-wrap justify-end gap-2">
            <Button
              look={preview.data === undefined ? "primary" : "plain"}
              disabled={isNothing(source) || isTooBig(source)}
              isBusy={preview.isPending}
              onClick={() => preview.mutate()}
              data-testid="import-check"
            >
              {t("import.check")}
            </Button>
            {preview.data !== undefined && (
              <Button
                look="primary"
                disabled={preview.data.created === 0}
                isBusy={run.isPending}
                onClick={() => run.mutate()}
                data-testid="import-run"
              >
                {t("import.run", { count: preview.data.created })}
              </Button>
            )}
          </div>
        </div>
      ) : (
        <Imported answer={run.data} onClose={close} />
      )}
    </Modal>
  );
}

function send(data: ImportSource, isDryRun: boolean): Promise<DeviceImport> {
  return request<DeviceImport>(`/api/device-imports${isDryRun ? "?dryRun=true" : ""}`, {
    method: "POST",
    content: { data, type: "text/csv" },
  });
}

function Source({
  source,
  onChange,
}: {
  readonly source: ImportSource;
  readonly onChange: (source: ImportSource) => void;
}): ReactElement {
  const { t } = useTranslation();
  // Not read here: a browser would take every file for UTF-8, and spreadsheets save others as well.
  const take = (event: ChangeEvent<HTMLInputElement>): void => onChange(event.target.files?.[0] ?? "");
  const file = useRef<HTMLInputElement>(null);
  const type = (text: string): void => {
    // What is typed takes the place of the file, which must not seem to be chosen any more.
    if (file.current !== null) file.current.value = "";
    onChange(text);
  };
  return (
    <>
      <p className="text-pretty text-ink-soft">{t("import.lead")}</p>
      <label className="flex flex-wrap items-center gap-3 rounded-control border border-line-strong border-dashed px-3 py-3">
        <span className="font-medium">{t("import.file")}</span>
        <input
          ref={file}
          type="file"
          accept=".csv,text/csv,text/plain"
          onChange={take}
          data-testid="import-file"
          className="min-w-0 flex-1 text-ink-soft"
        />
      </label>
      {isTooBig(source) && <p className="text-bad">{t("import.tooBig")}</p>}
      <TextAreaField
        label={t("import.paste")}
        hint={t("import.columns")}
        rows={6}
        value={typeof source === "string" ? source : ""}
        placeholder={sample}
        spellCheck={false}
        testId="import-text"
        onChange={(event) => type(event.target.value)}
        className="[&_textarea]:font-mono [&_textarea]:text-small"
      />
    </>
  );
}

const looks: Record<DeviceImportRow["outcome"], { readonly tone: Tone; readonly icon: IconName }> = {
  created: { tone: "good", icon: "check" },
  exists: { tone: "neutral", icon: "link" },
  refused: { tone: "bad", icon: "cross" },
};

function Outcome({
  answer,
  isPreview,
}: {
  readonly answer: DeviceImport;
  readonly isPreview: boolean;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = answer.rows
    .toSorted((one, other) => Number(other.outcome === "refused") - Number(one.outcome === "refused"))
    .slice(0, previewRowsMax);
  const key = isPreview ? "import.wouldBe" : "import.was";
  return (
    <div data-testid="import-outcome">
      <p role="status" className="mb-2 font-medium">
        {t(key, { created: answer.created, existing: answer.existing, refused: answer.refused })}
      </p>
      <div className="max-h-64 overflow-y-auto rounded-control border border-line">
        <DataTable
          label={t("import.lines")}
          rows={rows}
          keyOf={(row) => row.line}
          columns={[
            { key: "line", title: t("import.line"), isNumber: true, cell: (row) => row.line },
            {
              key: "name",
              title: t("devices.name"),
              cell: (row) => (
                <Mono className="block min-w-24 max-w-56 [overflow-wrap:anywhere]">{row.name}</Mono>
              ),
            },
            {
              key: "outcome",
              title: t("common.state"),
              cell: (row) => <Badge {...looks[row.outcome]}>{t(`import.outcome.${row.outcome}`)}</Badge>,
            },
            {
              key: "message",
              title: t("import.message"),
              cell: (row) =>
                row.message !== null && <span className="block min-w-44">{format.text(row.message)}</span>,
            },
          ]}
        />
      </div>
      {rows.length < answer.rows.length && (
        <p className="mt-1 text-ink-faint text-small">
          {t("common.showing", { shown: rows.length, total: answer.rows.length })}
        </p>
      )}
    </div>
  );
}

function Imported({
  answer,
  onClose,
}: {
  readonly answer: DeviceImport;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const hasTokens = answer.rows.some((row) => row.token !== null);
  return (
    <div className="flex flex-col gap-4">
      {hasTokens && <OnceNotice />}
      <Outcome answer={answer} isPreview={false} />
      <div className="flex flex-wrap justify-end gap-2">
        {hasTokens && (
          <Button
            look="primary"
            icon="download"
            data-testid="import-tokens"
            onClick={() => downloadText("device-tokens.csv", tokensCsv(answer.rows), "text/csv")}
          >
            {t("import.tokens")}
          </Button>
        )}
        <Button onClick={onClose}>{t("common.close")}</Button>
      </div>
    </div>
  );
}

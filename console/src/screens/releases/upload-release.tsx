import { useQuery } from "@tanstack/react-query";
import type { ReleaseKey, ReleaseView } from "@waremind/contract";
import { type ChangeEvent, type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../../api/device-queries.ts";
import { request } from "../../api/request.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField, TextAreaField, TextField } from "../../ui/field.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Mono } from "../../ui/mono.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";
import { sha256 } from "./sha256.ts";

/** What the server takes; it refuses more. */
const sizeBytesMax = 64 * 1024 * 1024;

interface UploadReleaseProps {
  readonly keys: readonly ReleaseKey[];
  readonly onClose: () => void;
}

interface Chosen {
  readonly file: File;
  readonly checksum: string;
}

/** A package with its checksum and signature; the checksum is computed here as well, before anything is sent. */
export function UploadRelease({ keys, onClose }: UploadReleaseProps): ReactElement {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [expected, setExpected] = useState("");
  const upload = useChange<FormData, ReleaseView>({
    run: (content) => request<ReleaseView>("/api/releases", { method: "POST", content }),
    refreshes: ["releases"],
    done: t("release.uploaded"),
    onDone: onClose,
  });
  const isSame = chosen !== null && expected.trim().toLowerCase() === chosen.checksum;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (chosen === null || !isSame) return;
    const content = new FormData(event.currentTarget);
    content.set("file", chosen.file);
    content.set("checksumAlgorithm", "SHA256");
    content.set("checksum", chosen.checksum);
    content.set("signature", String(content.get("signature") ?? "").replaceAll(/\s/gu, ""));
    upload.mutate(content);
  };
  return (
    <Modal isOpen onClose={onClose} title={t("release.upload")} className="sm:top-[5vh] sm:max-w-2xl">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <FileChoice onChosen={setChosen} />
        <TextField
          label={t("release.checksum")}
          value={expected}
          onChange={(event) => setExpected(event.target.value)}
          hint={t("release.checksumHint")}
          required
          autoComplete="off"
          spellCheck={false}
          testId="release-checksum"
        />
        {chosen !== null && (
          <Comparison computed={chosen.checksum} expected={expected.trim().toLowerCase()} />
        )}
        <ReleaseFields keys={keys} />
        {upload.isError && <ProblemNotice error={upload.error} />}
        <Button
          look="primary"
          type="submit"
          icon="upload"
          isBusy={upload.isPending}
          disabled={!isSame}
          className="self-end"
          data-testid="release-submit"
        >
          {t("release.upload")}
        </Button>
      </form>
    </Modal>
  );
}

function FileChoice({ onChosen }: { readonly onChosen: (chosen: Chosen | null) => void }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const [state, setState] = useState<"none" | "reading" | "too-big" | { readonly bytes: number }>("none");
  const take = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const file = event.target.files?.[0];
    onChosen(null);
    if (file === undefined) return setState("none");
    if (file.size > sizeBytesMax) return setState("too-big");
    setState("reading");
    const checksum = await sha256(new Uint8Array(await file.arrayBuffer()));
    onChosen({ file, checksum });
    setState({ bytes: file.size });
  };
  return (
    <div>
      <label className="flex flex-wrap items-center gap-3 rounded-control border border-line-strong border-dashed px-3 py-3">
        <span className="font-medium">{t("release.file")}</span>
        <input
          type="file"
          required
          onChange={(event) => void take(event)}
          data-testid="release-file"
          className="min-w-0 flex-1 text-ink-soft"
        />
      </label>
      <p role="status" className="mt-1 text-ink-faint text-small">
        {state === "reading" && t("release.computing")}
        {state === "too-big" && <span className="text-bad">{t("release.tooBig")}</span>}
        {typeof state === "object" && t("release.bytes", { bytes: format.number(state.bytes) })}
      </p>
    </div>
  );
}

function Comparison({
  computed,
  expected,
}: {
  readonly computed: string;
  readonly expected: string;
}): ReactElement {
  const { t } = useTranslation();
  const isSame = computed === expected;
  return (
    <div role="status" data-testid="release-comparison" data-same={isSame} className="flex flex-col gap-1">
      <span className="text-ink-soft text-small">{t("release.computed")}</span>
      <Mono className="break-all">{computed}</Mono>
      {expected !== "" && (
        <span
          className={isSame ? "flex items-center gap-1.5 text-good" : "flex items-center gap-1.5 text-bad"}
        >
          <Icon name={isSame ? "check-circle" : "cross-circle"} />
          {t(isSame ? "release.same" : "release.differs")}
        </span>
      )}
    </div>
  );
}

function ReleaseFields({ keys }: { readonly keys: readonly ReleaseKey[] }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const profiles = useQuery(deviceQueries.profiles()).data?.items ?? [];
  return (
    <>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <SelectField name="kind" label={t("release.kind")}>
          <option value="firmware">{words("releaseKind", "firmware")}</option>
          <option value="software">{words("releaseKind", "software")}</option>
        </SelectField>
        <SelectField name="profileId" label={t("devices.profile")} required>
          {profiles.map((profile) => (
            <option key={profile.id} value={profile.id}>
              {format.text(profile.name)}
            </option>
          ))}
        </SelectField>
        <TextField name="title" label={t("release.title")} required maxLength={100} autoComplete="off" />
        <TextField name="version" label={t("release.version")} required maxLength={50} autoComplete="off" />
        <TextField name="tag" label={t("release.tag")} maxLength={100} autoComplete="off" />
        <SelectField name="keyId" label={t("release.key")} required>
          {keys
            .filter((key) => key.revokedAt === null)
            .map((key) => (
              <option key={key.id} value={key.id}>
                {key.name}
              </option>
            ))}
        </SelectField>
      </div>
      <TextAreaField
        name="signature"
        label={t("release.signature")}
        hint={t("release.signatureHint")}
        required
        rows={3}
        spellCheck={false}
        className="[&_textarea]:font-mono [&_textarea]:text-small"
      />
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useLiveEvents } from "../api/use-live.ts";
import { useFormat } from "../format/use-format.ts";
import { useNotify } from "../ui/toasts.tsx";

/** Tells eyes (a toast) and ears (a live region) of alarms that were not there before. */
export function AlarmAnnouncer(): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const notify = useNotify();
  const alarms = useQuery(queries.openAlarms()).data?.items;
  const known = useRef<Set<string> | null>(null);
  const [spoken, setSpoken] = useState("");

  useEffect(() => {
    if (alarms === undefined) return;
    const before = known.current;
    known.current = new Set(alarms.map((alarm) => alarm.id));
    if (before === null) return;
    const fresh = alarms.filter((alarm) => !before.has(alarm.id) && alarm.acknowledgedAt === null);
    if (fresh.length === 0) return;
    for (const alarm of fresh) {
      notify("alarm", `${t("alarm.one")} · ${alarm.subjectLabel}`, format.text(alarm.message));
    }
    setSpoken(
      fresh
        .map((alarm) => `${t("alarm.one")}: ${alarm.subjectLabel}. ${format.text(alarm.message)}`)
        .join(" "),
    );
  }, [alarms, format, notify, t]);

  // A later step of its ladder: nobody has acknowledged it yet, so it is said again. The first one is said above.
  useLiveEvents((event) => {
    if (event.kind !== "alarm-told" || (event.step === 0 && event.alarmId !== "")) return;
    const text = format.text(event.message);
    notify("alarm", `${t("alarm.one")} · ${event.subjectLabel}`, text);
    setSpoken(`${t("alarm.one")}: ${event.subjectLabel}. ${text}`);
  });

  return (
    <div role="log" aria-live="assertive" className="sr-only">
      {spoken}
    </div>
  );
}

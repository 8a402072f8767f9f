import { useQuery } from "@tanstack/react-query";
import type { Curve as CurveAnswer, EvidenceRecord, Fact } from "@waremind/contract";
import { type ReactElement, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api/queries.ts";
import { Curve } from "../../curve/lazy-curve.tsx";
import { type CurveInput, type PreparedCurve, prepareCurve } from "../../curve/prepare-curve.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { HrefLink } from "../../ui/href-link.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Mono } from "../../ui/mono.tsx";
import { Loaded } from "../../ui/states.tsx";

type SeriesFactSource = Extract<Fact["source"], { kind: "series" }>;

interface SeriesSourceProps {
  readonly fact: Fact;
  readonly source: SeriesFactSource;
  readonly record: EvidenceRecord;
}

/** Air around the fact's own span, so that what came before and after can be judged too. */
const airMsMin = 10 * 60_000;
const airShare = 0.12;

/** The very points a fact rests on, marked on the curve they came from. */
export function SeriesSource({ fact, source, record }: SeriesSourceProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  // A fact may rest on points beyond its own span, such as the reading that ended it.
  const from = Math.min(source.from, ...source.markedAt);
  const to = Math.max(source.to, ...source.markedAt);
  const air = Math.max(airMsMin, (to - from) * airShare);
  const curve = useQuery(queries.curve(source.seriesId, { from: from - air, to: to + air }));
  const known = useGaps(fact, source.deviceName);
  const prepared = useMemo(
    () => (curve.data === undefined ? null : prepareSeries(curve.data, known)),
    [curve.data, known],
  );
  const band = useMemo(() => bandIn(record, fact.subject.id), [record, fact.subject.id]);
  return (
    <div className="flex flex-col gap-3">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-ink-soft">
        <Icon name="curve" className="size-3.5" />
        {t("xray.series", { count: source.pointCount })} <Mono className="text-ink">{source.deviceName}</Mono>
        <span className="text-ink">{words("seriesKey", source.key)}</span>
        <span className="text-ink-faint">
          {format.instant(source.from)} – {format.instant(source.to)}
        </span>
        {fact.subject.kind === "shipment" && (
          <HrefLink
            href={`/shipments/${encodeURIComponent(fact.subject.id)}?points=${source.markedAt.join(",")}`}
            testId="fact-source-link"
            className="ml-auto inline-flex items-center gap-1 text-accent hover:underline"
          >
            {t("xray.openParcel")}
            <Icon name="arrow-right" className="size-3" />
          </HrefLink>
        )}
      </p>
      <Loaded query={curve} skeletonRows={5}>
        {(answer) =>
          prepared !== null && (
            <Curve
              curve={prepared}
              unit={answer.unit}
              label={t("devices.curveOf", {
                series: words("seriesKey", source.key),
                device: source.deviceName,
              })}
              band={band}
              markedAt={source.markedAt}
              height={240}
            />
          )
        }
      </Loaded>
    </div>
  );
}

/** The span is in the past: nothing after its last point is called silence. */
function prepareSeries(
  answer: CurveAnswer,
  known: Pick<CurveInput, "gaps" | "expectedIntervalSeconds">,
): PreparedCurve {
  const firstAt = answer.points[0]?.[0] ?? 0;
  const lastAt = answer.points.at(-1)?.[0] ?? 0;
  const gaps = known.gaps?.filter((gap) => gap.from < lastAt && (gap.to ?? lastAt) > firstAt);
  return prepareCurve({
    points: answer.points,
    ...known,
    ...(gaps === undefined ? {} : { gaps }),
    isDownsampled: answer.rawCount > answer.points.length,
    nowAt: lastAt,
  });
}

/** Gaps as the cold-chain engine found them for a parcel; of other devices, what their own pace says. */
function useGaps(fact: Fact, deviceName: string): Pick<CurveInput, "gaps" | "expectedIntervalSeconds"> {
  const isParcel = fact.subject.kind === "shipment";
  const shipment = useQuery({ ...queries.shipment(fact.subject.id), enabled: isParcel }).data;
  const device = useQuery({ ...queries.device(deviceName), enabled: !isParcel }).data?.device;
  const gaps = shipment?.condition?.gaps;
  const interval = device?.expectedIntervalSeconds;
  return useMemo(
    () => (isParcel ? { gaps: gaps ?? [] } : { expectedIntervalSeconds: interval ?? null }),
    [isParcel, gaps, interval],
  );
}

/** The band the record itself states, preferably for the same subject. */
function bandIn(record: EvidenceRecord, subjectId: string): { min: number; max: number } | null {
  const limit = (property: string): number | null => {
    const facts = record.facts.filter((fact) => fact.property === property && fact.value.type === "number");
    const fact = facts.find((one) => one.subject.id === subjectId) ?? facts[0];
    return fact?.value.type === "number" ? fact.value.number : null;
  };
  const min = limit("band-min");
  const max = limit("band-max");
  return min === null || max === null ? null : { min, max };
}

import type { DeviceView } from "@waremind/contract";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";

type LatestValue = DeviceView["latest"][number];

/** What people look for first stands first; the rest follows as the device names it. */
const firstKeys = ["temperature", "weight", "humidity"];

export function byInterest<Value extends { readonly key: string }>(
  values: readonly Value[],
): readonly Value[] {
  const weight = ({ key }: Value): number => {
    const place = firstKeys.findIndex((first) => key.startsWith(first));
    return place < 0 ? firstKeys.length : place;
  };
  return values.toSorted((one, other) => weight(one) - weight(other) || one.key.localeCompare(other.key));
}

/** A latest value in words: a number with its unit, a truth as yes or no, everything else as it was sent. */
export function useLatestText(): (value: LatestValue) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return ({ text, unit }) => {
    if (text === "true") return t("xray.yes");
    if (text === "false") return t("xray.no");
    const number = Number(text);
    const isMeasured = text.trim() !== "" && Number.isFinite(number) && unit !== null;
    return isMeasured ? format.quantity(number, unit) : text;
  };
}

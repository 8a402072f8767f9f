import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { readQuantity } from "./read-claim.ts";

/** What the check read, in the reader's words: "more than 4 °C". */
export function useReads(): (reads: string) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (reads) => {
    const read = readQuantity(reads);
    if (read === null) return reads;
    let value = format.quantity(read.number, read.unit);
    if (read.direction !== null) value = t(read.direction === "ago" ? "xray.ago" : "xray.fromNow", { value });
    if (read.isAbout) value = t("xray.about", { value });
    return read.operator === null ? value : t(`xray.compare.${read.operator}`, { value });
  };
}

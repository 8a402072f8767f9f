import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { TextInput } from "./inputs.tsx";
import { type ProfileDraft, rateNames } from "./profile-draft.ts";
import { parseRate } from "./rate-text.ts";

interface LimitsSectionProps {
  readonly limits: ProfileDraft["limits"];
  readonly onChange: (limits: ProfileDraft["limits"]) => void;
}

/** How much one device may send; every limit that is met stands in the device's history. */
export function LimitsSection({ limits, onChange }: LimitsSectionProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-4">
      <p className="max-w-[80ch] text-pretty text-ink-soft">{t("profile.limitsLead")}</p>
      <div className="grid max-w-3xl grid-cols-1 gap-4 sm:grid-cols-2">
        {rateNames.map((name) => (
          <TextInput
            key={name}
            label={t(`profile.rate.${name}`)}
            value={limits[name]}
            onChange={(value) => onChange({ ...limits, [name]: value })}
            hint={<RateWords text={limits[name]} />}
            testId={`limit-${name}`}
          />
        ))}
        <TextInput
          label={t("profile.devicesPerGateway")}
          value={limits.devicesPerGatewayMax}
          isNumber
          onChange={(devicesPerGatewayMax) => onChange({ ...limits, devicesPerGatewayMax })}
          hint={t("profile.devicesPerGatewayHint")}
        />
      </div>
    </div>
  );
}

/** What the typed text means, in a sentence. */
function RateWords({ text }: { readonly text: string }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const rates = parseRate(text.replaceAll(" ", ""));
  if (rates === null) return <span className="text-bad">{t("profile.rateFault")}</span>;
  if (rates.length === 0) return <>{t("profile.rateNone")}</>;
  return (
    <>
      {rates
        .map(({ count, seconds }) =>
          t("profile.rateWords", { most: format.number(count), time: format.quantity(seconds, "s") }),
        )
        .join(t("profile.rateAnd"))}
    </>
  );
}

import type { Condition } from "@waremind/contract";
import type { ReactElement } from "react";
import { useWords } from "../i18n/words.ts";
import { Badge, type Tone } from "./badge.tsx";
import type { IconName } from "./icon.tsx";

const looks: Record<Condition["verdict"], { readonly tone: Tone; readonly icon: IconName }> = {
  "no-readings": { tone: "neutral", icon: "clock" },
  "in-band": { tone: "good", icon: "check" },
  warming: { tone: "warn", icon: "rising" },
  "out-of-band": { tone: "warn", icon: "thermometer" },
  excursion: { tone: "bad", icon: "alarm" },
  spoiled: { tone: "bad", icon: "cross-circle" },
  silent: { tone: "warn", icon: "silent" },
};

/** How the goods fare, in an icon and a word. */
export function VerdictBadge({ verdict }: { readonly verdict: Condition["verdict"] }): ReactElement {
  const words = useWords();
  const look = looks[verdict];
  return (
    <Badge tone={look.tone} icon={look.icon}>
      {words("verdict", verdict)}
    </Badge>
  );
}

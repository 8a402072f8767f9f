import type { EngineLabel as Engine } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Icon, type IconName } from "./icon.tsx";

const icons: Record<Engine["kind"], IconName> = { composer: "rules", model: "robot", person: "user" };

/** Who speaks: the rule-based composer, a named model, or a person. Never left out. */
export function EngineLabel({ engine }: { readonly engine: Engine }): ReactElement {
  const { t } = useTranslation();
  const text = {
    composer: t("engine.composer"),
    model: t("engine.model", { name: engine.name }),
    person: engine.name === "" ? t("engine.person") : engine.name,
  }[engine.kind];
  return (
    <span data-testid="engine-label" className="inline-flex items-center gap-1 text-ink-faint text-small">
      <Icon name={icons[engine.kind]} className="size-3" />
      {text}
    </span>
  );
}

import { getRouteApi } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useWords } from "../../i18n/words.ts";
import { Button } from "../../ui/button.tsx";
import { FilterBar, SearchBox } from "../../ui/filter-bar.tsx";
import { useProfileNames } from "./device-columns.tsx";
import { FacetMenu } from "./facet-menu.tsx";
import {
  type DeviceFilter,
  type Facet,
  type FilteredDevices,
  facets,
  type Mark,
  marks,
  toggled,
} from "./filter-devices.ts";

const route = getRouteApi("/app/devices");

export interface DeviceFiltersProps {
  readonly filter: DeviceFilter;
  readonly filtered: FilteredDevices;
  readonly total: number | undefined;
}

/** The text filter, the facets with their counts, and how many devices are shown; all of it stands in the address. */
export function DeviceFilters({ filter, filtered, total }: DeviceFiltersProps): ReactElement {
  const { t } = useTranslation();
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const labelOf = useValueLabel();
  const change = (name: Facet | "mark" | "q", value: string | undefined): void =>
    void navigate({ search: (before) => ({ ...before, [name]: value }), replace: true });
  const search = route.useSearch();
  const isNarrowed =
    q !== undefined || facets.some((facet) => filter.allowed[facet].length > 0) || filter.marks.length > 0;
  return (
    <FilterBar shown={total === undefined ? undefined : filtered.rows.length} total={total}>
      <SearchBox label={t("devices.search")} value={q} onChange={(next) => change("q", next)} />
      {facets.map((facet) => (
        <FacetMenu
          key={facet}
          name={facet}
          label={t(`devices.facet.${facet}`)}
          chosen={filter.allowed[facet]}
          options={optionsOf(filtered.counts[facet], filter.allowed[facet], (value) => labelOf(facet, value))}
          onToggle={(value) => change(facet, toggled(search[facet], value))}
          onClear={() => change(facet, undefined)}
        />
      ))}
      {marks.map((mark) => (
        <MarkButton
          key={mark}
          mark={mark}
          count={filtered.markCounts[mark]}
          isOn={filter.marks.includes(mark)}
          onToggle={() => change("mark", toggled(search["mark"], mark))}
        />
      ))}
      {isNarrowed && (
        <Button
          look="quiet"
          size="small"
          icon="cross"
          onClick={() => void navigate({ search: ({ sort }) => (sort === undefined ? {} : { sort }) })}
        >
          {t("devices.clearAll")}
        </Button>
      )}
    </FilterBar>
  );
}

interface MarkButtonProps {
  readonly mark: Mark;
  readonly count: number;
  readonly isOn: boolean;
  readonly onToggle: () => void;
}

function MarkButton({ mark, count, isOn, onToggle }: MarkButtonProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Button
      look={isOn ? "primary" : "plain"}
      aria-pressed={isOn}
      onClick={onToggle}
      data-testid={`mark-${mark}`}
      icon={mark === "quarantined" ? "hand" : "rising"}
      className="h-8.5 text-small"
    >
      {t(`devices.mark.${mark}`)}
      <span className="opacity-70">{count}</span>
    </Button>
  );
}

/** Values that some device has, the most frequent first; a chosen one stays even when nothing has it any more. */
function optionsOf(
  counts: ReadonlyMap<string, number>,
  chosen: readonly string[],
  labelOf: (value: string) => string,
): readonly { value: string; label: string; count: number }[] {
  const values = new Set([...counts.keys(), ...chosen]);
  return [...values]
    .map((value) => ({ value, label: labelOf(value), count: counts.get(value) ?? 0 }))
    .toSorted((one, other) => other.count - one.count || one.label.localeCompare(other.label));
}

function useValueLabel(): (facet: Facet, value: string) => string {
  const words = useWords();
  const profileNames = useProfileNames();
  return (facet, value) => {
    switch (facet) {
      case "liveness":
        return words("liveness", value);
      case "profile":
        return profileNames.get(value) ?? value;
      case "transport":
        return words("transport", value);
      case "place":
        return words("devicePlace", value);
      case "state":
        return words("deviceState", value);
    }
  };
}

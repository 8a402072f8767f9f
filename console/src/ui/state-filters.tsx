import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { type CodeGroup, useWords } from "../i18n/words.ts";
import { FilterBar, FilterTabs, SearchBox } from "./filter-bar.tsx";

interface StateFiltersProps<State extends string> {
  /** Rows shown; undefined while they are read. */
  readonly shown: number | undefined;
  readonly total: number | undefined;
  readonly states: readonly State[];
  /** Where the words of the states stand. */
  readonly group: CodeGroup;
  readonly state: State | undefined;
  readonly onState: (state: State | undefined) => void;
  readonly searchLabel: string;
  readonly query: string | undefined;
  readonly onQuery: (query: string | undefined) => void;
}

/** The filters above a list of things that have a state and can be searched. */
export function StateFilters<State extends string>(props: StateFiltersProps<State>): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <FilterBar shown={props.shown} total={props.total}>
      <FilterTabs
        label={t("common.state")}
        value={props.state}
        onSelect={props.onState}
        options={[
          { value: undefined, label: t("common.all") },
          ...props.states.map((value) => ({ value, label: words(props.group, value) })),
        ]}
      />
      <SearchBox label={props.searchLabel} value={props.query} onChange={props.onQuery} />
    </FilterBar>
  );
}

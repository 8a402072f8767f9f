import { Menu } from "@base-ui/react/menu";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { itemStyle, popupStyle } from "../../ui/menu.tsx";

export interface FacetMenuProps {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string; readonly count: number }[];
  readonly chosen: readonly string[];
  readonly onToggle: (value: string) => void;
  readonly onClear: () => void;
}

/** Several choices of one kind with how many devices each would show; the button says what is chosen. */
export function FacetMenu(props: FacetMenuProps): ReactElement {
  const { name, label, options, chosen, onToggle, onClear } = props;
  const { t } = useTranslation();
  const chosenLabels = chosen.map((value) => options.find((one) => one.value === value)?.label ?? value);
  return (
    <Menu.Root>
      <Menu.Trigger
        data-testid={`facet-${name}`}
        className={classes(
          "inline-flex h-8.5 max-w-56 items-center gap-1.5 rounded-control border px-2.5 text-small hover:bg-hover",
          chosen.length > 0
            ? "border-accent-line bg-accent-soft font-medium text-accent"
            : "border-line-strong bg-surface text-ink-soft shadow-card",
        )}
      >
        <span className="truncate">
          {label}
          {chosenLabels.length > 0 && `: ${chosenLabels.join(", ")}`}
        </span>
        <Icon name="chevron-down" className="size-3" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="start" className="z-40 outline-none">
          <Menu.Popup className={classes(popupStyle, "max-h-80 min-w-52 overflow-y-auto p-1")}>
            {options.map((option) => (
              <Menu.CheckboxItem
                key={option.value}
                checked={chosen.includes(option.value)}
                onCheckedChange={() => onToggle(option.value)}
                className={itemStyle}
                data-testid={`facet-${name}-${option.value}`}
              >
                <span className="grid size-4 place-items-center rounded-[4px] border border-line-strong">
                  <Menu.CheckboxItemIndicator>
                    <Icon name="check" className="size-3" />
                  </Menu.CheckboxItemIndicator>
                </span>
                <span className="flex-1">{option.label}</span>
                <span className="text-ink-faint">{option.count}</span>
              </Menu.CheckboxItem>
            ))}
            {chosen.length > 0 && (
              <Menu.Item onClick={onClear} className={classes(itemStyle, "text-ink-soft")}>
                <Icon name="cross" className="size-3.5" />
                {t("devices.clearFacet")}
              </Menu.Item>
            )}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

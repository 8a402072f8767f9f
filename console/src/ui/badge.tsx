import { cva } from "class-variance-authority";
import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

export type Tone = "neutral" | "good" | "warn" | "bad" | "accent" | "cold";

const style = cva(
  "inline-flex max-w-full items-center gap-1 whitespace-nowrap rounded-full border px-1.5 py-px text-small font-medium",
  {
    variants: {
      tone: {
        neutral: "border-line bg-sunken text-ink-soft",
        good: "border-good-line bg-good-soft text-good",
        warn: "border-warn-line bg-warn-soft text-warn",
        bad: "border-bad-line bg-bad-soft text-bad",
        accent: "border-accent-line bg-accent-soft text-accent",
        cold: "border-transparent bg-cold-soft text-cold",
      },
    },
  },
);

export interface BadgeProps {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly className?: string;
  readonly title?: string;
  readonly children: ReactNode;
}

/** A state in a word: always with its word, usually with an icon, so that colour never speaks alone. */
export function Badge({ tone, icon, className, title, children }: BadgeProps): ReactElement {
  return (
    <span className={classes(style({ tone }), className)} title={title}>
      {icon !== undefined && <Icon name={icon} className="size-3" />}
      <span className="truncate">{children}</span>
    </span>
  );
}

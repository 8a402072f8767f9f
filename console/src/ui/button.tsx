import { cva, type VariantProps } from "class-variance-authority";
import type { ButtonHTMLAttributes, ReactElement } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

export const buttonStyle = cva(
  "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-control border font-medium transition-colors duration-100 disabled:opacity-50 aria-disabled:opacity-50",
  {
    variants: {
      look: {
        primary: "border-transparent bg-accent text-accent-ink hover:not-disabled:bg-accent-hover",
        plain: "border-line-strong bg-surface text-ink shadow-card hover:not-disabled:bg-hover",
        quiet: "border-transparent text-ink-soft hover:not-disabled:bg-hover hover:not-disabled:text-ink",
        bad: "border-bad-line bg-surface text-bad hover:not-disabled:bg-bad-soft",
      },
      size: { small: "h-7 px-2.5 text-small", medium: "h-8 px-3 text-base", large: "h-10 px-4 text-title" },
      isSquare: { true: "px-0", false: "" },
    },
    compoundVariants: [
      { isSquare: true, size: "small", className: "w-7" },
      { isSquare: true, size: "medium", className: "w-8" },
    ],
    defaultVariants: { look: "plain", size: "medium", isSquare: false },
  },
);

export interface ButtonProps
  extends ButtonHTMLAttributes<HTMLButtonElement>,
    Pick<VariantProps<typeof buttonStyle>, "look" | "size"> {
  readonly icon?: IconName;
  readonly isBusy?: boolean;
}

export function Button({
  look,
  size,
  icon,
  isBusy = false,
  className,
  children,
  ...rest
}: ButtonProps): ReactElement {
  const isSquare = children === undefined;
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled === true || isBusy}
      aria-busy={isBusy}
      className={classes(buttonStyle({ look, size, isSquare }), className)}
    >
      {isBusy ? <Spinner /> : icon !== undefined && <Icon name={icon} className="size-3.5" />}
      {children}
    </button>
  );
}

export function Spinner({ className }: { readonly className?: string }): ReactElement {
  return (
    <span
      aria-hidden="true"
      className={classes(
        "size-3.5 shrink-0 animate-spin rounded-full border-[1.5px] border-current border-r-transparent",
        className,
      )}
    />
  );
}

import type { ReactElement } from "react";

export function Logo({ className = "size-6" }: { readonly className?: string }): ReactElement {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <path
        d="M7 12.5 10.4 22l3.2-8 2.4 6 2.4-6 3.2 8L25 12.5"
        className="fill-none stroke-accent-ink"
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="16" cy="8.6" r="1.9" className="fill-accent-ink opacity-70" />
    </svg>
  );
}

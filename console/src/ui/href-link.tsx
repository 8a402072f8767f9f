import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactElement, ReactNode } from "react";

export interface HrefLinkProps {
  /** A path of this console, as the server names it: `/shipments/…`. Anything else is shown as plain text. */
  readonly href: string;
  readonly className?: string;
  readonly testId?: string;
  /** It leads to what is on screen already. */
  readonly isCurrent?: boolean;
  readonly children: ReactNode;
}

/** A link whose path is known only when running. */
export function HrefLink({ href, className, testId, isCurrent, children }: HrefLinkProps): ReactElement {
  const router = useRouter();
  const isOurs = href.startsWith("/") && !href.startsWith("//");
  if (!isOurs) return <span className={className}>{children}</span>;
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a
      href={href}
      onClick={follow}
      className={className}
      data-testid={testId}
      aria-current={isCurrent === true ? "page" : undefined}
    >
      {children}
    </a>
  );
}

import type { ReactElement, ReactNode } from "react";
import { Button } from "./button.tsx";
import { ProblemNotice } from "./states.tsx";

interface SubmitProps {
  readonly change: { readonly isError: boolean; readonly error: Error | null; readonly isPending: boolean };
  readonly testId: string;
  readonly children: ReactNode;
}

/** The end of a form in a dialog: what went wrong, and the button that tries. */
export function Submit({ change, testId, children }: SubmitProps): ReactElement {
  return (
    <>
      {change.isError && <ProblemNotice error={change.error} />}
      <Button
        look="primary"
        type="submit"
        isBusy={change.isPending}
        className="self-end"
        data-testid={testId}
      >
        {children}
      </Button>
    </>
  );
}

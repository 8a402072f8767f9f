import type { ErrorComponentProps } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { ProblemNotice } from "../ui/states.tsx";

export function ScreenFailed({ error, reset }: ErrorComponentProps): ReactElement {
  return (
    <div className="mx-auto max-w-2xl p-6">
      <ProblemNotice error={error} onRetry={reset} />
    </div>
  );
}

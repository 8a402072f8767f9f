import { lazy, type ReactElement, Suspense } from "react";
import type { TemperatureCurveProps } from "./temperature-curve.tsx";

const Loaded = lazy(async () => {
  const { TemperatureCurve } = await import("./temperature-curve.tsx");
  return { default: TemperatureCurve };
});

/** The curve with its chart library, loaded when the first curve is shown. */
export function Curve(props: TemperatureCurveProps): ReactElement {
  return (
    <Suspense fallback={<div className="skeleton" style={{ height: (props.height ?? 280) + 60 }} />}>
      <Loaded {...props} />
    </Suspense>
  );
}

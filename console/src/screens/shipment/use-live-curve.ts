import { useQueryClient } from "@tanstack/react-query";
import type { CurvePoint, ShipmentDetail } from "@waremind/contract";
import { useLiveEvents } from "../../api/use-live.ts";
import { appendPoints } from "../../curve/prepare-curve.ts";

/** Puts readings on the curve the moment they are stored, without reading the whole shipment again. */
export function useLiveCurve(shipmentId: string, seriesId: number | null): void {
  const client = useQueryClient();
  useLiveEvents((event) => {
    if (event.kind !== "readings-stored" || seriesId === null) return;
    const fresh = event.points
      .filter((point) => point.seriesId === seriesId)
      .map((point): CurvePoint => [point.observedAt, point.number]);
    if (fresh.length === 0) return;
    client.setQueryData<ShipmentDetail>(["shipment", shipmentId], (before) =>
      before === undefined ? before : { ...before, curve: [...appendPoints(before.curve, fresh)] },
    );
  });
}

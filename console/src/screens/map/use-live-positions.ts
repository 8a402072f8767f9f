import { useQueryClient } from "@tanstack/react-query";
import type { Positions, TrackView } from "@waremind/contract";
import { useLiveEvents } from "../../api/use-live.ts";
import { positionsIn, withHeard, withTail } from "../../map/live-positions.ts";

/** Moves marks and lengthens the open track the moment readings are stored; a device that is new is asked for. */
export function useLivePositions(selected: string | null): void {
  const client = useQueryClient();
  useLiveEvents((event) => {
    if (event.kind !== "readings-stored") return;
    const heard = positionsIn(event.points);
    if (heard.length === 0) return;
    const known = client.getQueryData<Positions>(["positions"]);
    if (known !== undefined) {
      const names = new Set(known.items.map(({ deviceName }) => deviceName));
      const isComplete = known.items.length === known.total;
      if (isComplete && heard.some(({ deviceName }) => !names.has(deviceName)))
        void client.invalidateQueries({ queryKey: ["positions"] });
      client.setQueryData<Positions>(["positions"], { ...known, items: [...withHeard(known.items, heard)] });
    }
    if (selected === null) return;
    client.setQueryData<TrackView>(["track", selected], (track) =>
      track === undefined ? track : withTail(track, heard),
    );
  });
}

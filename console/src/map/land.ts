// The coastlines behind the marks: a file of its own that a shop may replace, fetched when a map is first opened.
import { queryOptions } from "@tanstack/react-query";
import { type GeoPermissibleObjects, geoMercator, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import type { MapView, Size } from "./view.ts";

type Topology = Parameters<typeof feature>[0];

/** A TopoJSON (its object `land`, or its first) or a GeoJSON. */
export const landQuery = () =>
  queryOptions({
    queryKey: ["basemap"],
    queryFn: async ({ signal }): Promise<GeoPermissibleObjects> => {
      const response = await fetch("/basemap/land.json", { signal, credentials: "same-origin" });
      if (!response.ok) throw new Error(`The basemap answered ${response.status}.`);
      return shapesIn(await response.json());
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    retry: 1,
  });

export function shapesIn(file: unknown): GeoPermissibleObjects {
  if (!isTopology(file)) return file as GeoPermissibleObjects;
  const object = file.objects["land"] ?? Object.values(file.objects)[0];
  if (object === undefined) throw new Error("The basemap holds no object.");
  return feature(file, object);
}

function isTopology(file: unknown): file is Topology {
  return typeof file === "object" && file !== null && "type" in file && file.type === "Topology";
}

/** The outline of the land in view as an SVG path; empty where there is none. */
export function landPath(land: GeoPermissibleObjects, view: MapView, { width, height }: Size): string {
  const projection = geoMercator()
    .rotate([-view.longitude, 0])
    .center([0, view.latitude])
    .scale(view.scale)
    .translate([width / 2, height / 2])
    .clipExtent([
      [-20, -20],
      [width + 20, height + 20],
    ]);
  return geoPath(projection).digits(1)(land) ?? "";
}

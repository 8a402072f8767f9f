import {
  arrivalViewSchema,
  positionsSchema,
  routeAssignmentSchema,
  routeBytesMax,
  routeInputSchema,
  routeSummarySchema,
  routeViewSchema,
  trackViewSchema,
} from "@waremind/contract";
import { z } from "zod";
import type { VehicleRoute } from "../../devices/index.ts";
import { trackPointsMax } from "../../flows/positions.ts";
import { DomainError } from "../../platform/errors.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { deviceNamed } from "../find-device.ts";
import {
  defineRoute,
  idParam,
  itemsOf,
  nameParam,
  notFound,
  ok,
  okSchema,
  personOf,
  type Route,
} from "../route.ts";

const dayMs = 86_400_000;
const instant = z.coerce.number().int().min(-8.64e15).max(8.64e15).optional();

/** Where devices are, what they drove, the routes they drive and when they arrive. */
export function positionRoutes(needs: HttpDependencies): readonly Route[] {
  return [...readingRoutes(needs), ...routeRoutes(needs), ...assignmentRoutes(needs)];
}

function readingRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/positions",
      summary: "The last position of every device that has one, at most 2,000.",
      access: "devices.read",
      answers: positionsSchema,
      handle: () => needs.positions.present(),
    }),
    defineRoute({
      method: "get",
      path: "/api/devices/{name}/track",
      summary: "What a device drove (the last 24 hours unless said), with stops, gaps and speed.",
      access: "devices.read",
      params: nameParam,
      query: z.object({
        from: instant,
        to: instant,
        points: z.coerce.number().int().min(2).max(trackPointsMax).default(trackPointsMax),
      }),
      answers: trackViewSchema,
      handle: async ({ params, query }) => {
        const device = await deviceNamed(needs, params.name);
        const to = query.to ?? needs.clock.now();
        const from = query.from ?? to - dayMs;
        if (from > to) throw endsBeforeItBegins();
        return needs.positions.track(device, { from, to }, query.points);
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/devices/{name}/arrival",
      summary: "When a device reaches the end of its route, as an interval that holds four of five arrivals.",
      access: "devices.read",
      params: nameParam,
      answers: arrivalViewSchema,
      handle: async ({ params }) => needs.vehicleArrivals.arrival(await deviceNamed(needs, params.name)),
    }),
  ];
}

function endsBeforeItBegins(): DomainError {
  return new DomainError(
    "invalid-input",
    { en: "The period ends (to) before it begins (from).", zh: "时段的结束(to)早于开始(from)。" },
    { faults: [{ field: "query.to" }] },
  );
}

function routeRoutes(needs: HttpDependencies): readonly Route[] {
  const viewOf = async (routeId: string): Promise<z.input<typeof routeViewSchema>> => {
    const route = await needs.vehicleRoutes.find(routeId);
    if (route === null) throw notFound({ en: `route ${routeId}`, zh: `路线 ${routeId}` });
    return { ...summaryOf(route), places: route.places.map((place) => ({ ...place })) };
  };
  return [
    defineRoute({
      method: "get",
      path: "/api/routes",
      summary: "Routes with their length and who drives them.",
      access: "devices.read",
      answers: itemsOf(routeSummarySchema),
      handle: async () => ({ items: (await needs.vehicleRoutes.list()).map(summaryOf) }),
    }),
    defineRoute({
      method: "get",
      path: "/api/routes/{id}",
      summary: "One route with its places.",
      access: "devices.read",
      params: idParam,
      answers: routeViewSchema,
      handle: ({ params }) => viewOf(params.id),
    }),
    defineRoute({
      method: "post",
      path: "/api/routes",
      summary: "Adds a route: places in the order of driving, or a GeoJSON LineString; at most 5,000.",
      access: "devices.write",
      body: routeInputSchema,
      bodyBytesMax: routeBytesMax,
      answers: routeViewSchema,
      handle: async ({ body, caller }) =>
        viewOf(await needs.vehicleArrivals.createRoute(body, personOf(caller))),
    }),
    defineRoute({
      method: "post",
      path: "/api/routes/{id}",
      summary: "Replaces a route.",
      access: "devices.write",
      params: idParam,
      body: routeInputSchema,
      bodyBytesMax: routeBytesMax,
      answers: routeViewSchema,
      handle: async ({ params, body, caller }) => {
        await needs.vehicleArrivals.changeRoute(params.id, body, personOf(caller));
        return viewOf(params.id);
      },
    }),
    defineRoute({
      method: "delete",
      path: "/api/routes/{id}",
      summary: "Deletes a route that no device drives.",
      access: "devices.write",
      params: idParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await needs.vehicleArrivals.removeRoute(params.id, personOf(caller));
        return ok;
      },
    }),
  ];
}

function summaryOf(route: VehicleRoute): z.input<typeof routeSummarySchema> {
  const { id, name, metres, placeCount, usualSpeedKmh, createdAt, deviceNames } = route;
  return { id, name, metres, placeCount, usualSpeedKmh, createdAt, deviceNames: [...deviceNames] };
}

function assignmentRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/devices/{name}/route",
      summary: "From now on the device drives this route; one it drove before ends.",
      access: "devices.write",
      params: nameParam,
      body: z.object({ routeId: idParam.shape.id }),
      answers: routeAssignmentSchema,
      handle: async ({ params, body, caller }) => {
        const device = await deviceNamed(needs, params.name);
        const { routeId, beganAt } = await needs.vehicleArrivals.assign(
          device,
          body.routeId,
          personOf(caller),
        );
        return { deviceName: device.name, routeId, beganAt };
      },
    }),
    defineRoute({
      method: "delete",
      path: "/api/devices/{name}/route",
      summary: "The device drives its route no more.",
      access: "devices.write",
      params: nameParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await needs.vehicleArrivals.unassign(await deviceNamed(needs, params.name), personOf(caller));
        return ok;
      },
    }),
  ];
}

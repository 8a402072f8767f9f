import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { ProblemError } from "./api/problem-error.ts";
import { queries } from "./api/queries.ts";
import { parseSearch, stringifySearch, textParameters } from "./search.ts";
import { AppShell } from "./shell/app-shell.tsx";
import { NotFound } from "./shell/not-found.tsx";
import { ScreenFailed } from "./shell/screen-failed.tsx";
import { Skeleton } from "./ui/states.tsx";

interface RouterContext {
  readonly client: QueryClient;
}

const rootRoute = createRootRouteWithContext<RouterContext>()({ notFoundComponent: NotFound });

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["next"]),
  component: lazyRouteComponent(() => import("./screens/sign-in.tsx"), "SignIn"),
});

/** Everything behind it needs a signed-in person; whoever is not is led to the sign-in screen and back. */
const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "app",
  component: AppShell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(queries.me());
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) {
        throw redirect({ to: "/sign-in", search: { next: location.href } });
      }
      throw error;
    }
  },
});

const app = () => appRoute;

const overviewRoute = createRoute({
  getParentRoute: app,
  path: "/",
  component: lazyRouteComponent(() => import("./screens/overview.tsx"), "Overview"),
});

const mapRoute = createRoute({
  getParentRoute: app,
  path: "/map",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["device"]),
  component: lazyRouteComponent(() => import("./screens/map.tsx"), "MapScreen"),
});

const shipmentsRoute = createRoute({
  getParentRoute: app,
  path: "/shipments",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["state", "q"]),
  component: lazyRouteComponent(() => import("./screens/shipments.tsx"), "Shipments"),
});

const shipmentRoute = createRoute({
  getParentRoute: app,
  path: "/shipments/$shipmentId",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["at", "points"]),
  component: lazyRouteComponent(() => import("./screens/shipment.tsx"), "Shipment"),
});

const stockRoute = createRoute({
  getParentRoute: app,
  path: "/stock",
  validateSearch: (search: Record<string, unknown>) =>
    textParameters(search, ["view", "location", "cell", "q"]),
  component: lazyRouteComponent(() => import("./screens/stock.tsx"), "Stock"),
});

const ordersRoute = createRoute({
  getParentRoute: app,
  path: "/orders",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["state", "q"]),
  component: lazyRouteComponent(() => import("./screens/orders.tsx"), "Orders"),
});

const orderRoute = createRoute({
  getParentRoute: app,
  path: "/orders/$orderId",
  component: lazyRouteComponent(() => import("./screens/order.tsx"), "Order"),
});

const devicesRoute = createRoute({
  getParentRoute: app,
  path: "/devices",
  validateSearch: (search: Record<string, unknown>) =>
    textParameters(search, ["q", "sort", "mark", "liveness", "profile", "transport", "place", "state"]),
  component: lazyRouteComponent(() => import("./screens/devices.tsx"), "Devices"),
});

const deviceRoute = createRoute({
  getParentRoute: app,
  path: "/devices/$deviceName",
  validateSearch: (search: Record<string, unknown>) =>
    textParameters(search, ["tab", "series", "span", "keys", "from", "to"]),
  component: lazyRouteComponent(() => import("./screens/device.tsx"), "Device"),
});

const profilesRoute = createRoute({
  getParentRoute: app,
  path: "/profiles",
  component: lazyRouteComponent(() => import("./screens/profiles.tsx"), "Profiles"),
});

const profileRoute = createRoute({
  getParentRoute: app,
  path: "/profiles/$profileId",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["tab"]),
  component: lazyRouteComponent(() => import("./screens/profile.tsx"), "Profile"),
});

const quarantineRoute = createRoute({
  getParentRoute: app,
  path: "/quarantine",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["state"]),
  component: lazyRouteComponent(() => import("./screens/quarantine.tsx"), "Quarantine"),
});

const releasesRoute = createRoute({
  getParentRoute: app,
  path: "/releases",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["tab", "rollout"]),
  component: lazyRouteComponent(() => import("./screens/releases.tsx"), "Releases"),
});

const jobsRoute = createRoute({
  getParentRoute: app,
  path: "/jobs",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["state"]),
  component: lazyRouteComponent(() => import("./screens/jobs.tsx"), "Jobs"),
});

const alarmsRoute = createRoute({
  getParentRoute: app,
  path: "/alarms",
  validateSearch: (search: Record<string, unknown>) =>
    textParameters(search, ["state", "severity", "mine", "q", "alarm"]),
  component: lazyRouteComponent(() => import("./screens/alarms.tsx"), "Alarms"),
});

const escalationRoute = createRoute({
  getParentRoute: app,
  path: "/escalation",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["tab"]),
  component: lazyRouteComponent(() => import("./screens/escalation.tsx"), "Escalation"),
});

const inboxRoute = createRoute({
  getParentRoute: app,
  path: "/inbox",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["conversation", "state"]),
  component: lazyRouteComponent(() => import("./screens/inbox.tsx"), "Inbox"),
});

const approvalsRoute = createRoute({
  getParentRoute: app,
  path: "/approvals",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["state", "focus"]),
  component: lazyRouteComponent(() => import("./screens/approvals.tsx"), "Approvals"),
});

const receiptRoute = createRoute({
  getParentRoute: app,
  path: "/receipts/$receiptId",
  component: lazyRouteComponent(() => import("./screens/receipt.tsx"), "Receipt"),
});

const xrayListRoute = createRoute({
  getParentRoute: app,
  path: "/x-ray",
  component: lazyRouteComponent(() => import("./screens/x-ray-list.tsx"), "XrayList"),
});

const xrayRoute = createRoute({
  getParentRoute: app,
  path: "/x-ray/$evidenceRecordId",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["claim", "fact"]),
  component: lazyRouteComponent(() => import("./screens/x-ray.tsx"), "Xray"),
});

const auditRoute = createRoute({
  getParentRoute: app,
  path: "/audit",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["before", "sequence"]),
  component: lazyRouteComponent(() => import("./screens/audit.tsx"), "Audit"),
});

const policiesRoute = createRoute({
  getParentRoute: app,
  path: "/policies",
  validateSearch: (search: Record<string, unknown>) => textParameters(search, ["clause"]),
  component: lazyRouteComponent(() => import("./screens/policies.tsx"), "Policies"),
});

const scenariosRoute = createRoute({
  getParentRoute: app,
  path: "/scenarios",
  component: lazyRouteComponent(() => import("./screens/scenarios.tsx"), "Scenarios"),
});

const proveRoute = createRoute({
  getParentRoute: app,
  path: "/prove",
  component: lazyRouteComponent(() => import("./screens/prove.tsx"), "Prove"),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  appRoute.addChildren([
    overviewRoute,
    mapRoute,
    shipmentsRoute,
    shipmentRoute,
    stockRoute,
    ordersRoute,
    orderRoute,
    devicesRoute,
    deviceRoute,
    profilesRoute,
    profileRoute,
    quarantineRoute,
    releasesRoute,
    jobsRoute,
    alarmsRoute,
    escalationRoute,
    inboxRoute,
    approvalsRoute,
    receiptRoute,
    xrayListRoute,
    xrayRoute,
    auditRoute,
    policiesRoute,
    scenariosRoute,
    proveRoute,
  ]),
]);

export function createConsoleRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultErrorComponent: ScreenFailed,
    defaultPendingComponent: Skeleton,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}

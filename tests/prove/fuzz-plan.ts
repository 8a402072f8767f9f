// Who throws what at whom: devices of the fuzzed server, and the lanes over which the cases are spread.
import type { CoapLane } from "./fuzz-coap.ts";
import type { HttpLane } from "./fuzz-http.ts";
import type { Lane } from "./fuzz-mqtt.ts";
import type { SessionRole } from "./fuzz-mqtt-corpus.ts";
import type { Version } from "./fuzz-mqtt-fields.ts";
import type { FuzzDevice } from "./fuzz-server.ts";

export interface Sizes {
  readonly mqtt: number;
  readonly http: number;
  readonly coap: number;
}

/** Of all packets: most in sessions, where they reach deepest; a stranger needs a connection and a look into the store for each. */
const shares = { stranger: 0.02, provisioning: 0.002, gateway: 0.03 } as const;
const devicesPerLane = 16;
const strangerLanes = 12;
const requestLanes = 14;
const coapLanes = 3;

interface SessionLane {
  readonly role: SessionRole;
  readonly version: Version;
  readonly names: readonly string[];
}

const kinds: readonly (readonly [SessionRole, readonly Version[], copies: number])[] = [
  ["gateway", [3, 4, 5], 1],
  ["device", [3, 4, 5], 8],
  ["protobuf", [4, 5], 4],
];
const sessionLanes: readonly SessionLane[] = kinds.flatMap(([role, versions, copies]) =>
  versions.flatMap((version) =>
    Array.from({ length: copies }, (_, copy) => ({
      ...{ role, version },
      names: Array.from(
        { length: devicesPerLane },
        (__, index) => `sacrifice-${role}-${version}-${copy}-${index}`,
      ),
    })),
  ),
);
/** They stand first: each of their messages asks the store by itself. */
const gateways = sessionLanes.filter(({ role }) => role === "gateway").length;
const requestNames = Array.from({ length: 16 }, (_, index) => `sacrifice-requests-${index}`);
const fenceNames = Array.from({ length: coapLanes }, (_, index) => `sacrifice-fence-${index}`);

export const tokenOf = (name: string): string => `token-of-${name}-for-the-fuzz-proof`;

export const bystanders = ["by-mqtt-3", "by-mqtt-5", "by-http", "by-coap", "by-observer"] as const;
/** Nobody throws as them: not a row of theirs may change. */
const still = Array.from({ length: 8 }, (_, index) => `still-${index}`);
export const sacrifices: readonly string[] = [
  ...sessionLanes.flatMap(({ names }) => names),
  ...requestNames,
  ...fenceNames,
];

export const devices: readonly FuzzDevice[] = [
  ...[...bystanders, ...still, ...requestNames, ...fenceNames].map((name) => deviceOf(name, "device")),
  ...sessionLanes.flatMap(({ role, names }) => names.map((name) => deviceOf(name, role))),
];

function deviceOf(name: string, role: SessionRole): FuzzDevice {
  const profile = role === "protobuf" ? "fuzz-protobuf" : "fuzz-json";
  return { name, token: tokenOf(name), profile, isGateway: role === "gateway" };
}

/** The lanes of one part of the run; parts have the same mix and different cases. */
export function mqttLanes(size: number, part: number): readonly Lane[] {
  const strangers = Math.round(size * shares.stranger);
  const provisioning = Math.round(size * shares.provisioning);
  const inSessions = size - strangers - provisioning;
  const throughGateways = Math.round(size * shares.gateway);
  const sessions = sessionLanes.map(({ role, version, names }) => ({
    ...{ name: `MQTT ${version} as ${role}`, role, version, userNames: names.map(tokenOf) },
  }));
  // Their tokens are nobody's, but for one: a mutated CONNECT may also be a good one.
  const unknown = ["nobody", "token-of-still-1", "provision", tokenOf("sacrifice-requests-0")];
  const versions: readonly Version[] = [3, 4, 5];
  const others = Array.from({ length: strangerLanes }, (_, index) => {
    const version = versions[index % versions.length] ?? 5;
    return { name: `MQTT ${version} as stranger`, role: "stranger" as const, version, userNames: unknown };
  });
  const askers = ([4, 5] as const).map((version) => ({
    ...{
      name: `MQTT ${version} provisioning`,
      role: "provisioning" as const,
      version,
      userNames: ["provision"],
    },
  }));
  return [
    ...spread(sessions.slice(gateways), inSessions - throughGateways, gateways, part),
    ...spread(sessions.slice(0, gateways), throughGateways, 0, part),
    ...spread(others, strangers, 100, part),
    ...spread(askers, provisioning, 200, part),
  ];
}

export function httpLanes(size: number, part: number, routes: readonly string[]): readonly HttpLane[] {
  const tokens = [...requestNames.map(tokenOf), "nobody", "token-of-still-1"];
  return spread(
    Array.from({ length: requestLanes }, () => ({ tokens, routes })),
    size,
    300,
    part,
  );
}

export function coapLanesOf(size: number, part: number): readonly CoapLane[] {
  const tokens = [...requestNames.map(tokenOf), "nobody", "token-of-still-1"];
  return spread(
    Array.from({ length: coapLanes }, (_, index) => ({
      tokens,
      fenceToken: tokenOf(`sacrifice-fence-${index}`),
    })),
    size,
    400,
    part,
  );
}

/** Shares the cases out evenly; in a later part the numbers go on. */
function spread<Kind>(
  kindsOfLane: readonly Kind[],
  size: number,
  firstNumber: number,
  part: number,
): (Kind & { readonly number: number; readonly from: number; readonly until: number })[] {
  return kindsOfLane.map((kind, index) => {
    const begin = Math.floor((size * index) / kindsOfLane.length);
    const count = Math.floor((size * (index + 1)) / kindsOfLane.length) - begin;
    const from = part * size;
    return { ...kind, number: firstNumber + index, from, until: from + count };
  });
}

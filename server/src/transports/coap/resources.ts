// ThingsBoard's CoAP resources: which path does what.
import type { DeviceIdentity, ReleaseKind } from "../../devices/index.ts";
import type { DeviceRequests } from "../device-requests.ts";
import { content, plain } from "./answers.ts";
import type { Observers } from "./observers.ts";
import { type CoapAnswer, type CoapRequest, contentFormats, numberOption } from "./packets.ts";
import type { ReleaseBlocks } from "./release-blocks.ts";

/** A resource that a path names, with the token in it. */
export interface Route {
  readonly token: string | null;
  /** By method. */
  readonly serve: Readonly<Record<string, Serve>>;
  /** Whether its bodies are cut into blocks by itself. */
  readonly cutsItself: boolean;
}
export type Serve = (request: CoapRequest, identity: DeviceIdentity | null) => Promise<CoapAnswer>;
type ServeDevice = (request: CoapRequest, identity: DeviceIdentity) => Promise<CoapAnswer>;

export interface ResourceDependencies {
  readonly requests: DeviceRequests;
  readonly observers: Observers;
  readonly releases: ReleaseBlocks;
}

/** Answers null for a path that names nothing. */
export function createResources(deps: ResourceDependencies): (path: readonly string[]) => Route | null {
  const { requests } = deps;
  const created = plain("2.01");
  const take =
    (work: (identity: DeviceIdentity, payload: Buffer) => Promise<void>): ServeDevice =>
    async ({ payload }, identity) => {
      await work(identity, payload);
      return created;
    };
  const ofDevice: Readonly<Record<string, Readonly<Record<string, ServeDevice>>>> = {
    telemetry: { POST: take(requests.takeInTelemetry) },
    attributes: { POST: take(requests.takeInAttributes), GET: readAttributes(deps) },
    rpc: {
      GET: observeCommands(deps),
      POST: async ({ payload }, identity) => {
        const called = await requests.call(identity, payload);
        return called === null ? plain("5.04", "The call was not answered in time.") : content(called.answer);
      },
    },
    claim: { POST: take(requests.openClaim) },
  };
  const provision: Serve = async ({ payload, peer }) =>
    content(await requests.provision(payload, peer.address));

  function deviceRoute(token: string, name: string, number: string | undefined): Route | null {
    if (number !== undefined && name !== "rpc") return null;
    const serve =
      number === undefined
        ? Object.hasOwn(ofDevice, name) && ofDevice[name]
        : {
            POST: take((identity, payload) => requests.answerCommand(identity, number, payload)),
          };
    return serve ? { token, serve: withIdentity(serve), cutsItself: false } : null;
  }

  function releaseRoute(token: string, kind: ReleaseKind): Route {
    const serve: ServeDevice = (request, identity) => deps.releases.answer(identity, kind, request);
    return { token, serve: withIdentity({ GET: serve }), cutsItself: true };
  }

  return (path) => {
    const [first, second, third, fourth, fifth] = path;
    const isRelease = path.length === 2 && (first === "fw" || first === "sw") && second !== undefined;
    if (isRelease) return releaseRoute(second, first === "fw" ? "firmware" : "software");
    if (first !== "api" || second !== "v1" || third === undefined || path.length > 5) return null;
    if (path.length === 3 && third === "provision") {
      return { token: null, serve: { POST: provision }, cutsItself: false };
    }
    return fourth === undefined ? null : deviceRoute(third, fourth, fifth);
  };
}

function withIdentity(serve: Readonly<Record<string, ServeDevice>>): Readonly<Record<string, Serve>> {
  const bound = Object.entries(serve).map(([method, work]): [string, Serve] => [
    method,
    (request, identity) => {
      if (identity === null) throw new Error("A resource of a device was served without one.");
      return work(request, identity);
    },
  ]);
  return Object.fromEntries(bound);
}

const readAttributes =
  ({ requests, observers }: ResourceDependencies): ServeDevice =>
  async (request, identity) => {
    const listed = (name: string): string => request.query.get(name) ?? "";
    const keys = { client: listed("clientKeys"), shared: listed("sharedKeys") };
    if (request.observe === 1) observers.cancel(request);
    if (request.observe !== 0) return content(await requests.readAttributes(identity, keys));
    // Registered before it is read: a change in between is told afterwards instead of lost.
    const observation = observers.register(identity, request, "attributes");
    try {
      const { shared } = await requests.readAttributes(identity, keys);
      const answer = content(shared ?? {});
      return observation === null
        ? answer
        : { ...observation.first(answer), afterSent: () => observation.begin() };
    } catch (error) {
      observation?.end();
      throw error;
    }
  };

const observeCommands =
  ({ requests, observers }: ResourceDependencies): ServeDevice =>
  (request, identity) => {
    if (request.observe === 1) observers.cancel(request);
    if (request.observe !== 0) {
      const answer =
        request.observe === 1
          ? plain("2.05")
          : plain("4.00", "Commands are told to observers: set the option Observe to 0.");
      return Promise.resolve(answer);
    }
    requests.admit(identity, { kind: "other", points: 0 });
    const observation = observers.register(identity, request, "commands");
    if (observation === null) {
      const retryLater = numberOption("Max-Age", 60);
      return Promise.resolve({
        ...plain("5.03", "Too many devices observe; try again later."),
        options: [retryLater],
      });
    }
    const { options, ...answer } = observation.first(plain("2.03"));
    const json = numberOption("Content-Format", contentFormats.json);
    return Promise.resolve({ ...answer, options: [...options, json], afterSent: () => observation.begin() });
  };

// The whole device side of the product over a store of its own: every part as the product joins it, on free ports.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Actor, JsonValue } from "@waremind/contract";
import {
  buildDomains,
  buildFlows,
  type Domains,
  type Flows,
  type Ground,
} from "../../server/src/app/domains.ts";
import { readConfig } from "../../server/src/config.ts";
import { createThingsboardImports } from "../../server/src/connect/thingsboard/index.ts";
import type {
  Device,
  DeviceCommand,
  IssuedCredential,
  NewCredential,
  NewProfile,
  ProfileEdit,
  ReleaseKind,
} from "../../server/src/devices/index.ts";
import { checksumOf } from "../../server/src/devices/index.ts";
import { defaultClauses } from "../../server/src/guard/index.ts";
import { createHttpListener } from "../../server/src/http/listener.ts";
import { createProofRunner } from "../../server/src/http/proof-runner.ts";
import { createHttp } from "../../server/src/http/server.ts";
import { createPeople } from "../../server/src/people/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import type { Database } from "../../server/src/platform/database.ts";
import { DomainError } from "../../server/src/platform/errors.ts";
import { createLog } from "../../server/src/platform/log.ts";
import { createCoapServer } from "../../server/src/transports/coap/index.ts";
import { createDeviceApi } from "../../server/src/transports/http/index.ts";
import { createMqttServer } from "../../server/src/transports/mqtt/index.ts";
import { checkProtoSchemas } from "../../server/src/transports/protobuf/index.ts";
import { openEmbeddedForTest, openPostgresqlForTest } from "./database.ts";
import { makeSignedRelease } from "./signed-release.ts";
import { createStoredSide, type StoredSide } from "./stored-side.ts";

export const certificateFolder = resolve(import.meta.dirname, "certificates");
const host = "127.0.0.1";
const commandExpiryMs = 250;
const sweepMs = 1_000;

export interface MadeDevice extends Device {
  /** Of its access token; empty for a device that was made with another credential. */
  readonly token: string;
}

export interface DeviceProduct {
  readonly store: "embedded" | "postgresql";
  readonly domains: Domains;
  readonly flows: Flows;
  readonly mqttPort: number;
  readonly mqttTlsPort: number;
  readonly coapPort: number;
  /** Of the device API and of REST, which takes `authorization`. */
  readonly url: string;
  readonly authorization: string;
  readonly shop: DeviceShop;
  readonly stored: StoredSide;
  close(): Promise<void>;
}

/** What a person or a program of the shop does. */
export interface DeviceShop {
  makeProfile(profile?: Partial<NewProfile>): Promise<string>;
  editProfile(profileId: string, edit: ProfileEdit): Promise<void>;
  /** Without a profile it gets one that says nothing. A null credential makes none. */
  makeDevice(options?: {
    readonly name?: string;
    readonly profileId?: string;
    readonly isGateway?: boolean;
    readonly credential?: NewCredential | null;
  }): Promise<MadeDevice>;
  issueCredential(deviceId: number, credential: NewCredential): Promise<IssuedCredential>;
  /** Over REST, as a person of the shop. */
  deleteDevice(device: Pick<Device, "name">): Promise<void>;
  /** Through the guard, as the owner. @throws when it is not allowed. */
  sendCommand(
    deviceName: string,
    command: {
      readonly method: string;
      readonly params?: JsonValue;
      readonly isOneWay?: boolean;
      readonly isPersistent?: boolean;
      readonly lifetimeMs?: number;
    },
  ): Promise<DeviceCommand>;
  setShared(
    deviceName: string,
    values: Readonly<Record<string, JsonValue>>,
    deletedKeys?: readonly string[],
  ): Promise<void>;
  /** As a person who read the secret on the device; `not-found` when the claim does not hold. */
  claim(deviceName: string, secret: string): Promise<string>;
  /** Uploads a signed package of random bytes and assigns it. */
  assignRelease(
    device: Device,
    release: { readonly kind: ReleaseKind; readonly sizeBytes: number },
  ): Promise<{ readonly title: string; readonly version: string; readonly bytes: Buffer }>;
}

const owner: Actor = { kind: "person", userId: "prove-owner", name: "Prover", roles: ["owner"] };

/** @param postgresqlUrl a PostgreSQL whose role may create databases; absent: the embedded store, in memory. */
export async function openDeviceProduct(options: {
  readonly postgresqlUrl?: string | undefined;
}): Promise<DeviceProduct> {
  const stops: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    return await open(options.postgresqlUrl, stops, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  postgresqlUrl: string | undefined,
  stops: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<DeviceProduct> {
  const database =
    postgresqlUrl === undefined ? await openEmbeddedForTest() : await openPostgresqlForTest(postgresqlUrl);
  stops.push(() => database.close());
  const secret = () => randomBytes(32).toString("base64url");
  const keys = {
    ...{ approvals: secret(), sessions: secret(), identity: secret(), control: secret() },
    credentials: secret(),
  };
  // One that fails is looked into; refusals of bad input are no news here.
  const log = createLog("error");
  const config = readConfig({});
  const ground: Ground = { database, clock: systemClock, log, keys, config, bus: createBus() };
  const domains = buildDomains(ground);
  await putClauses(ground, domains);
  const name = { en: "Proof shop", zh: "验证店铺" };
  const settings = { name, phone: "", currency: "CNY", timeZone: "UTC", isDemo: false };
  const flows = buildFlows(ground, domains, settings);
  stops.push(() => flows.sink.stop());
  stops.push(() => flows.deviceHub.settled());
  const desk = { desk: flows.deviceDesk, sink: flows.sink, clock: systemClock, log };
  const mqtt = createMqttServer(desk);
  stops.push(() => mqtt.stop());
  const [{ port: mqttPort }, { port: mqttTlsPort }] = [
    await mqtt.start({ port: 0, host }),
    await mqtt.startTls({
      ...{ port: 0, host },
      certificate: await readFile(join(certificateFolder, "server.pem")),
      key: await readFile(join(certificateFolder, "server.key")),
    }),
  ];
  const coap = createCoapServer(desk);
  stops.push(() => coap.stop());
  const { port: coapPort } = await coap.start({ port: 0, host });
  const url = await openHttp(ground, { domains, flows, settings }, stops);
  stops.push(startRecurring(flows));
  const authorization = `Bearer ${keys.control}`;
  return {
    ...{ store: postgresqlUrl === undefined ? "embedded" : "postgresql", domains, flows, close },
    ...{ mqttPort, mqttTlsPort, coapPort, url, authorization },
    shop: createShop(database, domains, flows, { url, authorization }),
    stored: createStoredSide(ground, domains),
  };
}

async function putClauses({ database, clock }: Ground, { guard }: Domains): Promise<void> {
  await database.transaction(async (connection) => {
    for (const clause of defaultClauses({ currency: "CNY", validFrom: clock.now() }))
      await guard.putClause(connection, clause);
  });
}

async function openHttp(
  ground: Ground,
  parts: {
    readonly domains: Domains;
    readonly flows: Flows;
    readonly settings: Parameters<typeof buildFlows>[2];
  },
  stops: (() => Promise<unknown>)[],
): Promise<string> {
  const { domains, flows, settings } = parts;
  const listener = createHttpListener();
  const url = `http://${host}:${await listener.listen(0, host)}`;
  const people = createPeople({ ...ground, baseUrl: url, secret: ground.keys.sessions });
  const proofs = createProofRunner({ projectDirectory: tmpdir(), ...ground });
  const deviceApi = createDeviceApi({ ...ground, desk: flows.deviceDesk, sink: flows.sink });
  const app = createHttp({
    ...{ ...ground, ...domains, ...flows, people, proofs, demo: null },
    thingsboardImports: createThingsboardImports({ ...ground, ...domains }),
    checkTransport: checkProtoSchemas,
    // No page is asked for here.
    consoleDirectory: certificateFolder,
    controlToken: ground.keys.control,
    deviceApi: deviceApi.routes,
    shop: { ...settings, engine: "", version: "" },
  });
  listener.serve((request, bindings) => app.fetch(request, bindings));
  stops.push(() => listener.stop());
  stops.push(() => Promise.resolve(deviceApi.stop()));
  return url;
}

/** As the product does: commands past their lifetime end, and what waits for a device is looked for. */
function startRecurring(flows: Flows): () => Promise<void> {
  let isOver = false;
  const turns = async (everyMs: number, turn: () => unknown): Promise<void> => {
    while (!isOver) {
      await turn();
      await pause(everyMs);
    }
  };
  const underWay = Promise.all([
    turns(commandExpiryMs, () => flows.commandDesk.expire()),
    turns(sweepMs, () => flows.deviceHub.sweep()),
  ]);
  return async () => {
    isOver = true;
    await underWay;
  };
}

function createShop(
  database: Database,
  domains: Domains,
  flows: Flows,
  rest: Pick<DeviceProduct, "url" | "authorization">,
): DeviceShop {
  const { devices, deviceCredentials, deviceProvisioning } = domains;
  let made = 0;
  const next = (): number => {
    made += 1;
    return made;
  };
  const makeProfile = async (profile: Partial<NewProfile> = {}): Promise<string> => {
    const id = profile.id ?? `profile-${next()}`;
    const names = { nameEn: id, nameZh: id, keys: [], expectedIntervalSeconds: 60 };
    await database.transaction((connection) =>
      devices.createProfile(connection, { ...names, ...profile, id }),
    );
    return id;
  };
  const plainProfile = onDemand(() => makeProfile());
  return {
    makeProfile,
    editProfile: async (profileId, edit) => {
      const profile = (await devices.listProfiles()).find(({ id }) => id === profileId);
      await database.transaction((connection) =>
        deviceProvisioning.editProfile(connection, profileId, profile?.version ?? 0, edit),
      );
    },
    makeDevice: async (options = {}) => {
      const { isGateway = false, credential = { kind: "access-token" } } = options;
      const profileId = options.profileId ?? (await plainProfile());
      const name = options.name ?? `${isGateway ? "gateway" : "device"}-${next()}`;
      return database.transaction(async (connection) => {
        const device = await devices.createDevice(connection, { name, label: "", profileId, isGateway });
        if (credential === null) return { ...device, token: "" };
        const issued = await deviceCredentials.issue(connection, device.id, credential);
        return { ...device, token: issued.kind === "access-token" ? issued.token : "" };
      });
    },
    issueCredential: (deviceId, credential) =>
      database.transaction((connection) => deviceCredentials.issue(connection, deviceId, credential)),
    deleteDevice: async ({ name }) => {
      const path = `/api/devices/${encodeURIComponent(name)}`;
      const answer = await fetch(rest.url + path, {
        ...{ method: "DELETE", headers: { authorization: rest.authorization } },
      });
      if (!answer.ok) throw new Error(`${name} was not deleted: ${await answer.text()}`);
    },
    sendCommand: (deviceName, command) => sendCommand(flows, deviceName, command),
    setShared: (deviceName, values, deletedKeys = []) =>
      setShared(flows, deviceName, { values, deletedKeys }),
    claim: (deviceName, secret) =>
      database
        .transaction((connection) =>
          deviceProvisioning.claim(connection, { deviceName, secret, by: "Prover" }),
        )
        .then(
          () => "claimed",
          (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
        ),
    assignRelease: (device, release) => assignRelease(database, domains, device, release),
  };
}

function onDemand<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function sendCommand(
  { commandDesk }: Flows,
  deviceName: string,
  command: Parameters<DeviceShop["sendCommand"]>[1],
): Promise<DeviceCommand> {
  const { method, params = {}, isOneWay = false, isPersistent = false, lifetimeMs = 30_000 } = command;
  const sent = await commandDesk.send(owner, {
    ...{ deviceName, method, params, isOneWay, isPersistent, lifetimeMs },
    idempotencyKey: randomBytes(12).toString("hex"),
  });
  if (sent.command === null) throw new Error(`The command was not allowed: ${JSON.stringify(sent.proposal)}`);
  return sent.command;
}

async function setShared(
  { actions }: Flows,
  deviceName: string,
  { values, deletedKeys }: { values: Readonly<Record<string, JsonValue>>; deletedKeys: readonly string[] },
): Promise<void> {
  const proposal = await actions.propose({
    actor: owner,
    action: {
      ...{ name: "set-attributes", deviceName, values: { ...values }, deletedKeys: [...deletedKeys] },
      idempotencyKey: randomBytes(12).toString("hex"),
    },
    ...{ conversationId: null, evidenceRecordId: null },
  });
  if (proposal.receiptId === null) throw new Error(`Not allowed: ${JSON.stringify(proposal)}`);
}

async function assignRelease(
  database: Database,
  { deviceReleases }: Domains,
  device: Device,
  { kind, sizeBytes }: { readonly kind: ReleaseKind; readonly sizeBytes: number },
): ReturnType<DeviceShop["assignRelease"]> {
  const { title, version, bytes, publicPem, signature } = makeSignedRelease(kind, sizeBytes);
  await database.transaction(async (connection) => {
    const { id: keyId } = await deviceReleases.addKey(connection, { name: title, publicPem });
    const release = await deviceReleases.upload(
      connection,
      {
        ...{ kind, title, version, tag: "", profileId: device.profileId, fileName: `${title}.bin` },
        ...{ checksumAlgorithm: "SHA256", checksum: checksumOf(bytes, "SHA256") },
        ...{ signature, keyId, createdBy: "Prover" },
      },
      bytes,
    );
    await deviceReleases.assign(connection, [device.id], kind, release.id);
  });
  return { title, version, bytes };
}

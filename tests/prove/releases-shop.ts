// The shop of the releases suite: the product's own parts over one store, which can be stopped and started again.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReleaseView, RolloutView } from "@waremind/contract";
import { sql } from "kysely";
import { buildDomains, buildFlows, type Domains, type Flows } from "../../server/src/app/domains.ts";
import { createRecurring } from "../../server/src/app/recurring.ts";
import { readConfig } from "../../server/src/config.ts";
import { createThingsboardImports } from "../../server/src/connect/thingsboard/index.ts";
import { checksumOf, type ReleaseKind, releaseManifest } from "../../server/src/devices/index.ts";
import { createProofRunner } from "../../server/src/http/proof-runner.ts";
import { createHttp } from "../../server/src/http/server.ts";
import { migrations } from "../../server/src/migrations/index.ts";
import { createPeople } from "../../server/src/people/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import { createLog } from "../../server/src/platform/log.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";
import { createDeviceApi } from "../../server/src/transports/http/index.ts";
import { createMqttServer } from "../../server/src/transports/mqtt/index.ts";
import { checkProtoSchemas } from "../../server/src/transports/protobuf/index.ts";
import { createOwnDatabase } from "../support/postgresql.ts";

const rolloutCheckMs = 250;
const log = createLog("error");

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

export interface MadeDevice {
  readonly id: number;
  readonly name: string;
  readonly token: string;
}

export interface Package {
  readonly kind: ReleaseKind;
  readonly title: string;
  readonly version: string;
  readonly bytes: Buffer;
}

export interface RingPlan {
  readonly shares?: readonly number[];
  readonly failureShareMax?: number;
  readonly failuresMin?: number;
}

/** Form fields that differ from those of an honest upload. */
export type UploadLie = Partial<Record<"title" | "version" | "checksum" | "signature" | "keyId", string>>;

export interface ReleaseShop {
  /** Of the MQTT server; the same after a restart. */
  readonly mqttPort: number;
  readonly publicPem: string;
  ask<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>>;
  makeDevices(profileId: string, count: number): Promise<readonly MadeDevice[]>;
  makeProfile(): Promise<string>;
  /** Through the REST API, signed with the shop's key. */
  upload(
    profileId: string,
    made: Package,
    lie?: UploadLie,
  ): Promise<Answer<ReleaseView & { message?: { en: string } }>>;
  /** @throws when it is refused */
  publish(profileId: string, version: string, bytes: Buffer): Promise<ReleaseView>;
  start(releaseId: string, plan?: RingPlan): Promise<RolloutView>;
  rollout(id: string): Promise<RolloutView>;
  tell(id: string, word: "pause" | "resume" | "stop" | "next" | "roll-back"): Promise<number>;
  alarms(): Promise<
    readonly {
      readonly kind: string;
      readonly subjectId: string;
      readonly message: { readonly en: string };
    }[]
  >;
  /** The newest text the device sent under this key. */
  said(deviceId: number, key: string): Promise<string | null>;
  /** Every number the device sent under this key, in order. */
  numbers(deviceId: number, key: string): Promise<readonly number[]>;
  /** The firmware that the device should run. */
  assigned(deviceId: number): Promise<string | null>;
  /** How often rollouts were looked at since the last call. */
  looks(): number;
  /** Puts a package out under another version, as someone with the database could. */
  forge(deviceId: number, releaseId: string, version: string): Promise<void>;
  addKey(): Promise<{ readonly id: string; readonly privateKey: KeyObject }>;
  signWith(privateKey: KeyObject, made: Package): string;
  /** Ends every part and its store, and starts them anew over the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

interface Running {
  readonly database: Database;
  readonly domains: Domains;
  readonly flows: Flows;
  readonly request: (path: string, init: RequestInit) => Response | Promise<Response>;
  readonly mqttPort: number;
  looks(): number;
  stop(): Promise<void>;
}

const keysOf = () => {
  const secret = (): string => randomBytes(32).toString("base64url");
  return {
    approvals: secret(),
    sessions: secret(),
    identity: secret(),
    control: secret(),
    credentials: secret(),
  };
};

/** @param postgresqlUrl absent: the embedded store, in a folder of its own */
export async function openReleaseShop(postgresqlUrl: string | undefined): Promise<ReleaseShop> {
  const place = await makePlace(postgresqlUrl);
  const keys = keysOf();
  let running = await run(place.open, keys, 0);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  let made = 0;
  const next = (): number => {
    made += 1;
    return made;
  };

  async function ask<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    const isForm = body instanceof FormData;
    const response = await running.request(path, {
      method,
      headers: {
        authorization: `Bearer ${keys.control}`,
        ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }

  async function mustAsk<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await ask<Body>(method, path, body);
    if (answer.status === 200) return answer.body;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  const addKeyOf = (publicPemOfKey: string): Promise<{ readonly id: string }> =>
    mustAsk("POST", "/api/release-keys", { name: `key-${next()}`, publicPem: publicPemOfKey });
  const key = await addKeyOf(publicPem);

  async function upload(
    profileId: string,
    one: Package,
    lie: UploadLie = {},
  ): ReturnType<ReleaseShop["upload"]> {
    const form = new FormData();
    const fields = {
      ...{ kind: one.kind, title: one.title, version: one.version, profileId, keyId: key.id },
      ...{ checksumAlgorithm: "SHA256", checksum: checksumOf(one.bytes, "SHA256") },
      signature: signatureOf(privateKey, one),
      ...lie,
    };
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set("file", new File([new Uint8Array(one.bytes)], `${one.title}.bin`));
    return ask("POST", "/api/releases", form);
  }

  return {
    get mqttPort() {
      return running.mqttPort;
    },
    ...{ publicPem, ask, upload },
    makeProfile: async () => {
      const id = `kind-${next()}`;
      const profile = { id, nameEn: id, nameZh: id, keys: [], expectedIntervalSeconds: 60 };
      await running.database.transaction((connection) =>
        running.domains.devices.createProfile(connection, profile),
      );
      return id;
    },
    makeDevices: (profileId, count) =>
      running.database.transaction(async (connection) => {
        const devices: MadeDevice[] = [];
        for (let index = 0; index < count; index += 1) {
          const name = `${profileId}-device-${next()}`;
          const token = randomBytes(10).toString("hex");
          const { id } = await running.domains.devices.createDevice(connection, {
            name,
            label: "",
            profileId,
          });
          await running.domains.devices.issueAccessToken(connection, id, token);
          devices.push({ id, name, token });
        }
        return devices;
      }),
    publish: async (profileId, version, bytes) => {
      const { status, body } = await upload(profileId, {
        kind: "firmware",
        title: profileId,
        version,
        bytes,
      });
      if (status !== 200) throw new Error(`The upload was refused: ${JSON.stringify(body)}`);
      return body;
    },
    start: (releaseId, plan = {}) =>
      mustAsk("POST", "/api/rollouts", {
        ...{ releaseId, rings: (plan.shares ?? [1]).map((share) => ({ share })), soakMinutes: 0 },
        ...{ failureShareMax: plan.failureShareMax ?? 0.2, failuresMin: plan.failuresMin ?? 1 },
      }),
    rollout: (id) => mustAsk("GET", `/api/rollouts/${id}`),
    tell: async (id, word) => (await ask("POST", `/api/rollouts/${id}/${word}`)).status,
    alarms: () => running.domains.telemetry.alarms({ limit: 100 }),
    said: async (deviceId, key) => {
      const { telemetry } = running.domains;
      const [series] = (await telemetry.seriesOfDevices([deviceId])).filter((one) => one.key === key);
      const value =
        series === undefined ? undefined : (await telemetry.latest([series.id])).get(series.id)?.value;
      return value?.type === "text" ? value.text : null;
    },
    numbers: async (deviceId, key) => {
      const { telemetry } = running.domains;
      const series = await telemetry.findSeries(deviceId, key, running.database);
      if (series === null) return [];
      const all: number[] = [];
      for await (const { value } of telemetry.readings(series.id, { from: 0, to: 8.64e15 }))
        if (value.type === "number") all.push(value.number);
      return all;
    },
    assigned: async (deviceId) =>
      (await running.domains.devices.findDeviceById(deviceId))?.firmwareReleaseId ?? null,
    looks: () => running.looks(),
    forge: async (deviceId, releaseId, version) => {
      const { database, domains, flows } = running;
      await sql`update release set version = ${version} where id = ${releaseId}`.execute(tablesOf(database));
      const change = await database.transaction((connection) =>
        domains.deviceAttributes.write(connection, {
          ...{ deviceId, scope: "shared", values: { fw_version: version }, by: "forger" },
        }),
      );
      flows.deviceHub.pushAttributes(deviceId, change);
    },
    addKey: async () => {
      const pair = generateKeyPairSync("ed25519");
      const pem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
      return { id: (await addKeyOf(pem)).id, privateKey: pair.privateKey };
    },
    signWith: signatureOf,
    restart: async () => {
      const { mqttPort } = running;
      await running.stop();
      running = await run(place.open, keys, mqttPort);
    },
    close: async () => {
      await running.stop();
      await place.dispose();
    },
  };
}

function signatureOf(privateKey: KeyObject, { bytes, ...named }: Package): string {
  return sign(null, releaseManifest(named, bytes), privateKey).toString("base64");
}

async function makePlace(
  postgresqlUrl: string | undefined,
): Promise<{ open(): Promise<Database>; dispose(): Promise<void> }> {
  if (postgresqlUrl !== undefined) {
    const own = await createOwnDatabase(postgresqlUrl, { isMigrated: true });
    return { open: () => openPostgresql({ url: own.url }), dispose: own.drop };
  }
  const directory = await mkdtemp(join(tmpdir(), "waremind-releases-"));
  return {
    open: () => openEmbedded({ directory, log }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

async function run(
  open: () => Promise<Database>,
  keys: ReturnType<typeof keysOf>,
  port: number,
): Promise<Running> {
  const database = await open();
  await database.migrate(migrations);
  const ground = { database, clock: systemClock, log, keys, config: readConfig({}), bus: createBus() };
  const domains = buildDomains(ground);
  const names = { en: "Proof shop", zh: "验证店铺" };
  const settings = { name: names, phone: "", currency: "CNY", timeZone: "UTC", isDemo: false };
  const flows = buildFlows(ground, domains, settings);
  const mqtt = createMqttServer({ desk: flows.deviceDesk, sink: flows.sink, clock: systemClock, log });
  const started = await mqtt.start({ port, host: "127.0.0.1" });
  const people = createPeople({ ...ground, baseUrl: "http://localhost", secret: keys.sessions });
  const deviceApi = createDeviceApi({ ...ground, desk: flows.deviceDesk, sink: flows.sink });
  const app = createHttp({
    ...{ ...ground, ...domains, ...flows, people, demo: null, controlToken: keys.control },
    proofs: createProofRunner({ projectDirectory: tmpdir(), ...ground }),
    thingsboardImports: createThingsboardImports({ ...ground, ...domains }),
    ...{ checkTransport: checkProtoSchemas, consoleDirectory: join(tmpdir(), "waremind-no-console") },
    deviceApi: deviceApi.routes,
    shop: { ...settings, engine: "", version: "" },
  });
  // As app.ts does: again and again, and whenever a device reported.
  let looks = 0;
  const look = async (): Promise<void> => {
    await flows.rollouts.advance();
    looks += 1;
  };
  const recurring = createRecurring([{ name: "rollouts", everyMs: rolloutCheckMs, run: look }], log);
  const unsubscribe = ground.bus.subscribe((event) => {
    if (event.kind === "rollout-changed") flows.rollouts.poke();
  });
  recurring.start();
  return {
    ...{ database, domains, flows, mqttPort: started.port },
    request: (path, init) => app.request(path, init),
    looks: () => {
      const count = looks;
      looks = 0;
      return count;
    },
    stop: async () => {
      await recurring.stop();
      unsubscribe();
      deviceApi.stop();
      await mqtt.stop();
      await flows.sink.stop();
      await flows.deviceHub.settled();
      await flows.rollouts.settled();
      await database.close();
    },
  };
}

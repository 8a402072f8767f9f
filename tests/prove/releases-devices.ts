// Devices of the releases suite: our own client, and one written as ThingsBoard's documentation says, with `mqtt` alone.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDevice } from "@waremind/device";
import { connectAsync, type MqttClient } from "mqtt";

export interface Runs {
  readonly title: string;
  readonly version: string;
}

export interface ReleaseDevice {
  /** What it runs now. */
  readonly runs: Runs;
  /** Packages in the order in which they were installed. */
  readonly installed: readonly (Runs & { readonly sha256: string })[];
  /** Of each failure, as it was reported. */
  readonly failures: readonly string[];
  /** Says that what it runs now has failed, as after a bad night. */
  complain(reason: string): void;
  stop(): Promise<void>;
}

export interface DeviceOptions {
  readonly port: number;
  readonly token: string;
  readonly runs: Runs;
  readonly trustedKeys: readonly string[];
  readonly protocolVersion: 4 | 5;
  readonly chunkBytes: number;
  /** Versions that do not start on this device. */
  readonly failsAt?: readonly string[];
}

export type MakeDevice = (options: DeviceOptions) => Promise<ReleaseDevice>;

const sha256Of = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** @waremind/device. */
export const makeOwnDevice: MakeDevice = async (options) => {
  const directory = await mkdtemp(join(tmpdir(), "waremind-release-device-"));
  const installed: ReleaseDevice["installed"][number][] = [];
  const failures: string[] = [];
  let runs = options.runs;
  const device = createDevice({
    url: `mqtt://127.0.0.1:${options.port}`,
    ...{ token: options.token, protocolVersion: options.protocolVersion },
    store: join(directory, "outbox.sqlite"),
    releases: {
      directory: join(directory, "packages"),
      ...{ trustedKeys: options.trustedKeys, chunkBytes: options.chunkBytes },
      current: (kind) => (kind === "firmware" ? runs : null),
      install: async ({ title, version }, file) => {
        const bytes = await readFile(file);
        if (options.failsAt?.includes(version)) throw new Error(`${version} does not start here`);
        installed.push({ title, version, sha256: sha256Of(bytes) });
        runs = { title, version };
      },
    },
  });
  device.on("releaseFailed", (reason) => failures.push(reason));
  device.start();
  return {
    get runs() {
      return runs;
    },
    ...{ installed, failures },
    complain: (reason) => device.send({ fw_state: "FAILED", fw_error: reason }),
    stop: async () => {
      await device.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

interface Offer extends Runs {
  readonly size: number;
  readonly checksum: string;
}

const offerKeys = "fw_title,fw_version,fw_size,fw_checksum,fw_checksum_algorithm";
const telemetryTopic = "v1/devices/me/telemetry";

/** An old device: it knows no signatures, only the topics and the SHA-256 of ThingsBoard. */
export const makePlainDevice: MakeDevice = async (options) => {
  const device = new PlainDevice(options);
  await device.connect();
  return device;
};

class PlainDevice implements ReleaseDevice {
  readonly installed: ReleaseDevice["installed"][number][] = [];
  readonly failures: string[] = [];
  runs: Runs;
  private readonly options: DeviceOptions;
  private attributes: Record<string, unknown> = {};
  private client: MqttClient | null = null;
  private requestId = 0;
  private download: { readonly offer: Offer; readonly chunks: Buffer[] } | null = null;
  private tried: string | null = null;
  private isStopped = false;

  constructor(options: DeviceOptions) {
    this.options = options;
    this.runs = options.runs;
  }

  async connect(): Promise<void> {
    const { port, token, protocolVersion } = this.options;
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      ...{ username: token, protocolVersion, reconnectPeriod: 200 },
    });
    this.client = client;
    client.on("error", () => undefined);
    client.on("message", (topic, payload) => this.receive(topic, payload));
    client.on("connect", () => void this.begin(client));
    await this.begin(client);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.client?.endAsync(true);
  }

  private async begin(client: MqttClient): Promise<void> {
    // Old devices subscribe as ThingsBoard's examples do; its chunks come to the session whatever became of the filter.
    for (const topic of [
      "v1/devices/me/attributes",
      "v1/devices/me/attributes/response/+",
      "v2/fw/response/+",
    ])
      await client.subscribeAsync(topic, { qos: 1 }).catch(() => undefined);
    this.say({ current_fw_title: this.runs.title, current_fw_version: this.runs.version });
    client.publish("v1/devices/me/attributes/request/1", JSON.stringify({ sharedKeys: offerKeys }), {
      qos: 1,
    });
    if (this.download !== null) this.ask();
  }

  private receive(topic: string, payload: Buffer): void {
    if (this.isStopped) return;
    const chunk = /^v2\/fw\/response\/(\d+)\/chunk\/(\d+)$/.exec(topic);
    if (chunk !== null) {
      if (Number(chunk[1]) === this.requestId) this.take(Number(chunk[2]), payload);
    } else if (topic === "v2/fw/error") this.download = null;
    else if (topic === "v1/devices/me/attributes") this.offered(JSON.parse(String(payload)));
    else if (topic.startsWith("v1/devices/me/attributes/response/"))
      this.offered((JSON.parse(String(payload)) as { shared?: object }).shared ?? {});
  }

  private offered(change: object): void {
    Object.assign(this.attributes, change);
    const { fw_title: title, fw_version: version, fw_size: size, fw_checksum: checksum } = this.attributes;
    if (typeof title !== "string" || typeof version !== "string") return;
    if (typeof size !== "number" || typeof checksum !== "string") return;
    const name = `${title}\n${version}`;
    const isRunning = title === this.runs.title && version === this.runs.version;
    if (isRunning) this.tried = null;
    if (isRunning || this.download !== null || this.tried === name) return;
    this.tried = name;
    this.download = { offer: { title, version, size, checksum }, chunks: [] };
    this.say({ fw_state: "DOWNLOADING" });
    this.ask();
  }

  private ask(): void {
    this.requestId += 1;
    this.askNext();
  }

  private askNext(): void {
    const chunk = this.download?.chunks.length ?? 0;
    this.client?.publish(`v2/fw/request/${this.requestId}/chunk/${chunk}`, String(this.options.chunkBytes), {
      qos: 1,
    });
  }

  private take(number: number, payload: Buffer): void {
    if (this.download === null || number !== this.download.chunks.length) return;
    const { offer, chunks } = this.download;
    chunks.push(payload);
    const bytes = Buffer.concat(chunks);
    if (bytes.length < offer.size) {
      this.askNext();
      return;
    }
    this.download = null;
    this.finish(offer, bytes);
  }

  private finish(offer: Offer, bytes: Buffer): void {
    const sha256 = sha256Of(bytes);
    this.say({ fw_state: "DOWNLOADED" });
    if (sha256 !== offer.checksum) {
      this.fail("the checksum does not match");
      return;
    }
    this.say({ fw_state: "VERIFIED" });
    this.say({ fw_state: "UPDATING" });
    if (this.options.failsAt?.includes(offer.version)) {
      this.fail(`${offer.version} does not start here`);
      return;
    }
    this.installed.push({ title: offer.title, version: offer.version, sha256 });
    this.runs = { title: offer.title, version: offer.version };
    this.say({ current_fw_title: offer.title, current_fw_version: offer.version, fw_state: "UPDATED" });
  }

  complain(reason: string): void {
    this.say({ fw_state: "FAILED", fw_error: reason });
  }

  private fail(reason: string): void {
    this.failures.push(reason);
    this.say({ fw_state: "FAILED", fw_error: reason });
  }

  private say(values: object): void {
    this.client?.publish(telemetryTopic, JSON.stringify(values), { qos: 1 });
  }
}

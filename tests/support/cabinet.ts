// A device of a journey: a cabinet with doors, on the project's own device client.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDevice, type DeviceClient, type ReceivedJson, releaseManifest } from "@waremind/device";
import { until } from "./until.ts";

const packageBytes = 200_000;

export interface Cabinet {
  /** Set once the product has given it one. */
  token: string;
  /** @throws Error while it is switched off. */
  readonly client: DeviceClient;
  /** The doors it opened, in order. */
  readonly doors: readonly number[];
  /** What it installed, `title version`, in order. */
  readonly installed: readonly string[];
  readonly publicPem: string;
  readonly release: CabinetRelease;
  /** Resolves when it is connected. */
  connect(): Promise<void>;
  /** Switches it off; nothing when it is off. */
  disconnect(): Promise<void>;
}

interface CabinetRelease {
  readonly title: string;
  readonly version: string;
  /** Path of the package. */
  readonly file: string;
  /** SHA-256, hexadecimal. */
  readonly checksum: string;
  /** Ed25519, base64. */
  readonly signature: string;
}

interface CabinetOptions {
  readonly name: string;
  readonly mqttPort: number;
  /** For its outbox and its packages. */
  readonly directory: string;
}

/** Opens the doors it is told to, reports the set point that is desired, installs what its own key signed. */
export function createCabinet({ name, mqttPort, directory }: CabinetOptions): Cabinet {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const doors: number[] = [];
  const installed: string[] = [];
  let client: DeviceClient | null = null;
  let running: { readonly title: string; readonly version: string } | null = null;

  function make(): DeviceClient {
    const made = createDevice({
      url: `mqtt://127.0.0.1:${mqttPort}`,
      token: cabinet.token,
      store: join(directory, `${name}.sqlite`),
      releases: {
        directory: join(directory, name),
        trustedKeys: [publicPem],
        current: (kind) => (kind === "firmware" ? running : null),
        install: ({ title, version }) => {
          running = { title, version };
          installed.push(`${title} ${version}`);
        },
      },
    });
    made.onCommand("unlock", (params) => {
      const opened = doorOf(params);
      doors.push(opened);
      return { opened };
    });
    made.on("desired", ({ setPoint }) => {
      if (typeof setPoint === "number") void made.report({ setPoint });
    });
    return made;
  }

  const cabinet: Cabinet = {
    ...{ token: "", doors, installed, publicPem },
    release: makeRelease(name, join(directory, `${name}.bin`), privateKey),
    get client() {
      if (client === null) throw new Error(`The cabinet ${name} is switched off.`);
      return client;
    },
    connect: async () => {
      const made = make();
      client = made;
      made.start();
      await until(() => made.isConnected || undefined, `${name} is connected`);
    },
    disconnect: async () => {
      await client?.stop();
      client = null;
    },
  };
  return cabinet;
}

function doorOf(params: ReceivedJson): number {
  const door = typeof params === "object" && params !== null && "door" in params ? params["door"] : null;
  if (typeof door !== "number") throw new Error("Which door?");
  return door;
}

function makeRelease(name: string, file: string, privateKey: KeyObject): CabinetRelease {
  const bytes = randomBytes(packageBytes);
  const [title, version] = [`firmware-${name}`, "2.0.0"];
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const manifest = releaseManifest({ kind: "firmware", title, version, sizeBytes: bytes.length, sha256 });
  writeFileSync(file, bytes);
  return {
    title,
    version,
    file,
    checksum: sha256,
    signature: sign(null, manifest, privateKey).toString("base64"),
  };
}

// Keys and signatures of releases, made where the private key is: it never comes near a server.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { defineCommand } from "citty";
import { checksumOf, isReleaseName, releaseLimits, releaseManifest } from "../devices/index.ts";
import { CommandError } from "./control.ts";
import { print } from "./print.ts";

/** `waremind release-key --out key.pem`: a new Ed25519 pair; the private key to the file, the public one printed. */
export const releaseKeyCommand = defineCommand({
  meta: { name: "release-key", description: "Make a key that signs releases; prints its public half." },
  args: {
    out: { type: "string", required: true, description: "File for the private key; it must not exist" },
  },
  async run({ args }) {
    print(await makeReleaseKey(args.out));
  },
});

/** `waremind sign-release --key key.pem --kind firmware --title T --version V FILE` */
export const signReleaseCommand = defineCommand({
  meta: { name: "sign-release", description: "Sign a release; prints what the upload asks for." },
  args: {
    key: { type: "string", required: true, description: "File of the private key" },
    kind: { type: "string", default: "firmware", description: "firmware or software" },
    title: { type: "string", required: true, description: "Title, exactly as in the upload" },
    version: { type: "string", required: true, description: "Version, exactly as in the upload" },
    file: { type: "positional", required: true, description: "The package" },
  },
  async run({ args }) {
    const { file, key, kind, title, version } = args;
    const { sha256, signature } = await signRelease({ file, keyFile: key, kind, title, version });
    print(`sha256     ${sha256}`);
    print(`signature  ${signature}`);
  },
});

/** Answers the public PEM. @throws CommandError when the file exists: a key that signed something is never overwritten. */
export async function makeReleaseKey(file: string): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  try {
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(
      code === "EEXIST"
        ? `${file} is there already and is not overwritten; name another file with --out.`
        : `The private key could not be written to ${file}: ${message}`,
    );
  }
  return publicKey.export({ type: "spki", format: "pem" }).toString().trimEnd();
}

/** @throws CommandError naming what cannot be signed and why. */
export async function signRelease(input: {
  readonly file: string;
  readonly keyFile: string;
  readonly kind: string;
  readonly title: string;
  readonly version: string;
}): Promise<{ readonly sha256: string; readonly signature: string }> {
  const { file, keyFile, kind, title, version } = input;
  if (kind !== "firmware" && kind !== "software")
    throw new CommandError(`--kind is firmware or software, not ${kind}.`);
  for (const [name, value] of [
    ["title", title],
    ["version", version],
  ] as const)
    if (!isReleaseName(value) || value !== value.trim())
      throw new CommandError(
        `--${name} has 1 to ${releaseLimits.nameLengthMax} characters, no line breaks and no blanks around it.`,
      );
  const privateKey = await readKey(keyFile);
  const bytes = await readPackage(file);
  const signature = sign(null, releaseManifest({ kind, title, version }, bytes), privateKey);
  return { sha256: checksumOf(bytes, "SHA256"), signature: signature.toString("base64") };
}

async function readKey(file: string): Promise<KeyObject> {
  const pem = await readFile(file, "utf8").catch((error: unknown) => {
    throw new CommandError(
      `The key cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Said below, in the same words as for a key of another kind.
  }
  const isPublic = isPublicKey(pem);
  throw new CommandError(
    `${file} ${isPublic ? "is a public key; signing takes the private one" : "is no Ed25519 private key in PEM form"}. \`waremind release-key\` makes one.`,
  );
}

function isPublicKey(pem: string): boolean {
  try {
    return pem.includes("PUBLIC") && createPublicKey(pem).type === "public";
  } catch {
    // Neither.
    return false;
  }
}

async function readPackage(file: string): Promise<Buffer> {
  const { sizeBytesMax } = releaseLimits;
  const { size } = await stat(file).catch((error: unknown) => {
    throw new CommandError(
      `The package cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  if (size === 0) throw new CommandError(`${file} is empty.`);
  if (size > sizeBytesMax)
    throw new CommandError(`${file} has ${size} bytes; a package has at most ${sizeBytesMax}.`);
  return readFile(file);
}

import { describe, expect, test } from "vitest";
import { decodeBackup } from "./decode.ts";
import { encodeBackup } from "./encode.ts";
import { type BackupEvent, type BackupHeader, dataBytesMax, magic } from "./format.ts";

const header: BackupHeader = {
  ...{ format: 1, product: "0.1.0", engine: "embedded", engineVersion: "18.6", createdAt: 1 },
  ...{ migrations: ["0001-a"], bytesExpected: 10 },
};
const large = Buffer.alloc(dataBytesMax * 2 + 17, "readings ");
const passphrase = "correct horse battery";

async function* events(): AsyncGenerator<BackupEvent> {
  yield await Promise.resolve({ kind: "header", header } as const);
  yield { kind: "entry", entry: { type: "data", name: "keys.json" } };
  yield { kind: "data", bytes: Buffer.from("secret of the shop") };
  yield { kind: "end" };
  yield { kind: "entry", entry: { type: "folder", name: "base" } };
  yield { kind: "end" };
  yield { kind: "entry", entry: { type: "file", name: "base/1" } };
  yield { kind: "data", bytes: large };
  yield { kind: "end" };
  yield { kind: "facts", facts: { walUntil: "0/10" } };
}

async function encoded(options: { readonly passphrase?: string } = {}): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of encodeBackup(events(), { isCompressed: true, ...options })) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** In pieces that end anywhere. */
async function* cut(bytes: Buffer, size = 1_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function decoded(bytes: Buffer, options: { readonly passphrase?: string } = {}) {
  const entries = new Map<string, Buffer>();
  const seen: BackupEvent[] = [];
  let name = "";
  for await (const event of decodeBackup(cut(bytes), options)) {
    seen.push(event);
    if (event.kind === "entry") {
      ({ name } = event.entry);
      entries.set(name, Buffer.alloc(0));
    }
    if (event.kind === "data")
      entries.set(name, Buffer.concat([entries.get(name) ?? Buffer.alloc(0), event.bytes]));
  }
  return { entries, first: seen[0], last: seen.at(-1) };
}

/** Each try of a passphrase is dear by design: fewer places there. */
describe.each([
  ["without a passphrase", {}, 150],
  ["with a passphrase", { passphrase }, 12],
])("%s", (_name, options, places) => {
  test("what was written is read, byte for byte", async () => {
    const { entries, first, last } = await decoded(await encoded(options), options);
    expect(first).toEqual({ kind: "header", header });
    expect([...entries.keys()]).toEqual(["keys.json", "base", "base/1"]);
    expect(entries.get("keys.json")?.toString()).toBe("secret of the shop");
    expect(entries.get("base/1")?.equals(large)).toBe(true);
    expect(last).toEqual({ kind: "facts", facts: { walUntil: "0/10" } });
  });

  test("any changed byte is found", async () => {
    const whole = await encoded(options);
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / places)) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(at) ^ 0x20, at);
      await expect(decoded(changed, options), `byte ${at}`).rejects.toThrow(/backup/iu);
    }
  });

  test("a file that ends early, anywhere, is found", async () => {
    const whole = await encoded(options);
    for (let length = 0; length < whole.length; length += Math.ceil(whole.length / places))
      await expect(decoded(whole.subarray(0, length), options), `${length} bytes`).rejects.toThrow(
        /backup/iu,
      );
  });

  test("what follows the end is found", async () => {
    const longer = Buffer.concat([await encoded(options), Buffer.from("more")]);
    await expect(decoded(longer, options)).rejects.toThrow(/follows/u);
  });
});

test("a locked backup shows nothing, and opens with its passphrase alone", async () => {
  const locked = await encoded({ passphrase });
  expect(locked.includes("keys.json")).toBe(false);
  expect(locked.includes("secret of the shop")).toBe(false);
  await expect(decoded(locked)).rejects.toMatchObject({ code: "credentials-wrong" });
  await expect(decoded(locked, { passphrase: "another one" })).rejects.toMatchObject({
    code: "credentials-wrong",
  });
});

test("two backups of the same under one passphrase have no frame in common", async () => {
  const [left, right] = [await encoded({ passphrase }), await encoded({ passphrase })];
  expect(left.length).toBe(right.length);
  expect(left.subarray(-64).equals(right.subarray(-64))).toBe(false);
});

test("any other file is told to be no backup", async () => {
  await expect(decoded(Buffer.from("PK something else entirely"))).rejects.toThrow(/no backup of Waremind/u);
  await expect(decoded(Buffer.alloc(0))).rejects.toThrow(/no backup of Waremind/u);
  await expect(decoded(magic)).rejects.toThrow(/before it is complete/u);
});

test("a source that fails midway leaves no whole backup", async () => {
  async function* failing(): AsyncGenerator<BackupEvent> {
    for await (const event of events()) {
      if (event.kind === "facts") throw new Error("the store died");
      yield event;
    }
  }
  const pieces: Buffer[] = [];
  const work = (async () => {
    for await (const piece of encodeBackup(failing(), { isCompressed: false })) pieces.push(piece);
  })();
  await expect(work).rejects.toThrow("the store died");
  await expect(decoded(Buffer.concat(pieces))).rejects.toThrow(/before it is complete/u);
});

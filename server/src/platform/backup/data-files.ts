// What stands beside the store in the data folder: the keys, the logins of the demo. Small files, copied as they are.
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../errors.ts";
import { type BackupEvent, dataBytesMax, magic } from "./format.ts";

const filesMax = 10_000;
/** The store itself, what only the running process means, and what was left half done. */
const leftOut =
  /^(postgres|postgres\.new|restore\.partial|running\.json|waremind\.lock.*|lost\+found|\.doctor-.*|.*\.new|.*\.partial)$/u;

/** Every other file of the data folder; backups that were put there are no part of the next. */
export async function* copyDataFiles(directory: string): AsyncGenerator<BackupEvent> {
  let count = 0;
  for await (const name of namesIn(directory, "")) {
    count += 1;
    if (count > filesMax)
      throw new DomainError("limit-reached", {
        en: `The data folder ${directory} has more than ${filesMax} files beside the store. Move away what is not Waremind's.`,
        zh: `数据文件夹 ${directory} 中除存储外有超过 ${filesMax} 个文件，请移走不属于 Waremind 的文件。`,
      });
    yield* copyDataFile(directory, name);
  }
}

async function* namesIn(directory: string, within: string): AsyncGenerator<string> {
  const entries = await readdir(join(directory, within), { withFileTypes: true });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    if (leftOut.test(entry.name)) continue;
    const name = within === "" ? entry.name : `${within}/${entry.name}`;
    if (entry.isDirectory()) yield* namesIn(directory, name);
    else if (entry.isFile()) yield name;
  }
}

async function* copyDataFile(directory: string, name: string): AsyncGenerator<BackupEvent> {
  const file = await open(join(directory, name), "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (file === null) return;
  try {
    const begin = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    if (begin.buffer.equals(magic)) return;
    yield { kind: "entry", entry: { type: "data", name } };
    for (let at = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(dataBytesMax), 0, dataBytesMax, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      yield { kind: "data", bytes: buffer.subarray(0, bytesRead) };
    }
    yield { kind: "end" };
  } finally {
    await file.close();
  }
}

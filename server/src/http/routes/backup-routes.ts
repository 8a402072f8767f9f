import { copyEmbedded } from "../../platform/backup/copy-embedded.ts";
import { encodeBackup } from "../../platform/backup/encode.ts";
import { DomainError } from "../../platform/errors.ts";
import { controlUserId } from "../access.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineDownload, personOf, type Route } from "../route.ts";

/** The store holds its checkpoints back meanwhile: whoever takes nothing for so long is given up. */
const stallMsMax = 60_000;

/** The embedded store belongs to this process: `waremind backup` asks for its copy here. */
export function backupRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineDownload({
      method: "post",
      path: "/api/store/backup",
      summary: "A copy of the embedded store, for `waremind backup` on this machine alone: it holds secrets.",
      access: "operations.act",
      contentType: "application/octet-stream",
      handle: ({ caller }) => {
        const person = personOf(caller);
        if (person.userId !== controlUserId)
          return Promise.reject(
            new DomainError("not-allowed", {
              en: "A backup holds every secret of the shop. Make it with `waremind backup` on the server's machine.",
              zh: "备份包含店铺的全部机密，请在服务器所在机器上使用 `waremind backup` 创建。",
            }),
          );
        const head = { product: needs.shop.version, createdAt: needs.clock.now() };
        needs.log.info("backup begins");
        const chunks = encodeBackup(copyEmbedded(needs.database, head), { isCompressed: false });
        return Promise.resolve({ fileName: "store.waremind", chunks: givenUpWhenStalled(chunks) });
      },
    }),
  ];
}

/** What was begun is put back although the reader neither reads nor leaves. Half a copy lacks its end, and is refused. */
async function* givenUpWhenStalled(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of chunks) {
      timer = setTimeout(() => void chunks.return(undefined).catch(() => undefined), stallMsMax);
      yield chunk;
      clearTimeout(timer);
    }
  } finally {
    clearTimeout(timer);
  }
}

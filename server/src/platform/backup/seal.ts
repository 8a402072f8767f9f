// The lock of a backup: a key from the passphrase, and one sealed box for each frame.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from "node:crypto";
import { DomainError } from "../errors.ts";
import { damaged, type Lock, lockDefaults, tagBytes } from "./format.ts";

const keyBytes = 32;
const saltBytes = 16;
const nonceBytes = 12;
/** scrypt needs 128 · n · r bytes, and Node allows 32 MiB unless told. */
const kdfMemoryFactor = 256;

export interface Seal {
  readonly lock: Lock;
  /** `number` counts the frames of a file: each is used once. */
  close(number: number, head: Uint8Array, content: Uint8Array): Buffer;
  /** @throws DomainError when the frame was changed, moved or cut. */
  open(number: number, head: Uint8Array, stored: Uint8Array): Buffer;
}

/** A lock of its own: the same passphrase gives another key to every backup. */
export async function newSeal(passphrase: string): Promise<Seal> {
  const salt = randomBytes(saltBytes);
  const key = await deriveKey(passphrase, { ...lockDefaults, salt: salt.toString("base64") });
  const lock: Lock = {
    ...lockDefaults,
    salt: salt.toString("base64"),
    check: checkOf(key).toString("base64"),
  };
  return sealWith(key, lock);
}

/** @throws DomainError `credentials-wrong` when the passphrase is not the one. */
export async function sealOf(passphrase: string | undefined, lock: Lock): Promise<Seal> {
  if (passphrase === undefined)
    throw new DomainError("credentials-wrong", {
      en: "This backup is locked with a passphrase. Set WAREMIND_BACKUP_PASSPHRASE to it.",
      zh: "此备份已用口令加密，请将 WAREMIND_BACKUP_PASSPHRASE 设为该口令。",
    });
  const key = await deriveKey(passphrase, lock);
  if (!isSame(checkOf(key), Buffer.from(lock.check, "base64")))
    throw new DomainError("credentials-wrong", {
      en: "WAREMIND_BACKUP_PASSPHRASE is not the passphrase of this backup.",
      zh: "WAREMIND_BACKUP_PASSPHRASE 不是此备份的口令。",
    });
  return sealWith(key, lock);
}

function deriveKey(passphrase: string, { n, r, p, salt }: Omit<Lock, "check" | "kdf">): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: n, r, p, maxmem: kdfMemoryFactor * n * r };
    // One passphrase has one form, however a keyboard composes its letters.
    scrypt(passphrase.normalize("NFC"), Buffer.from(salt, "base64"), keyBytes, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

const checkOf = (key: Buffer): Buffer => createHmac("sha256", key).update("waremind backup").digest();
const isSame = (left: Buffer, right: Buffer): boolean =>
  left.length === right.length && timingSafeEqual(left, right);

function sealWith(key: Buffer, lock: Lock): Seal {
  const nonceOf = (number: number): Buffer => {
    const nonce = Buffer.alloc(nonceBytes);
    nonce.writeBigUInt64BE(BigInt(number), nonceBytes - 8);
    return nonce;
  };
  return {
    lock,
    close: (number, head, content) => {
      const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number), { authTagLength: tagBytes });
      cipher.setAAD(head);
      return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    },
    open: (number, head, stored) => {
      if (stored.length < tagBytes) throw damaged("a frame is cut off.", "有数据帧被截断。");
      const cipher = createDecipheriv("aes-256-gcm", key, nonceOf(number), { authTagLength: tagBytes });
      cipher.setAAD(head);
      cipher.setAuthTag(stored.subarray(stored.length - tagBytes));
      try {
        return Buffer.concat([cipher.update(stored.subarray(0, stored.length - tagBytes)), cipher.final()]);
      } catch (error) {
        throw damaged(`frame ${number} was changed.`, `第 ${number} 个数据帧已被改动。`, error);
      }
    },
  };
}

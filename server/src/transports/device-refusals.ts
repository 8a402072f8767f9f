// What HTTP and CoAP tell a device when they cannot do what it asks: one sentence each, in both languages.
import { DomainError } from "../platform/errors.ts";
import { type MalformedPayload, telemetryLimits } from "./telemetry-json.ts";

export const tokenUnknown = (): DomainError =>
  new DomainError("token-unknown", {
    en: "No device has this access token; copy it again from the device's page.",
    zh: "没有设备使用该访问令牌；请从设备页面重新复制。",
  });

export const payloadMalformed = ({ reason, detail, position }: MalformedPayload): DomainError =>
  new DomainError("payload-malformed", detail, { reason, position });

export function payloadTooLarge(bytesMax: number = telemetryLimits.payloadBytesMax): DomainError {
  return new DomainError(
    "payload-too-large",
    {
      en: `A message may be ${bytesMax} bytes at most; split it into smaller ones.`,
      zh: `一条消息最多 ${bytesMax} 字节；请拆分成较小的消息。`,
    },
    { bytesMax },
  );
}

export const tooManyRequests = (requestsPerDeviceMax: number): DomainError =>
  new DomainError(
    "rate-limited",
    {
      en: `This device has ${requestsPerDeviceMax} requests under way; wait for their answers or send several readings in one array.`,
      zh: `该设备已有 ${requestsPerDeviceMax} 个请求正在处理；请等待响应，或将多条读数放在一个数组中发送。`,
    },
    { requestsPerDeviceMax },
  );

export const overLimit = ({
  limitName,
  allowed,
  retryAfterMs,
}: {
  readonly limitName: string;
  readonly allowed: string;
  readonly retryAfterMs: number;
}): DomainError =>
  new DomainError(
    "rate-limited",
    {
      en: `This message is above the limit ${limitName} (${allowed}, count:seconds) and was not taken; send it again in ${seconds(retryAfterMs)} s.`,
      zh: `该消息超过限制 ${limitName}（${allowed}，即 次数:秒数），未被接收；请在 ${seconds(retryAfterMs)} 秒后重新发送。`,
    },
    { limitName, allowed, retryAfterMs },
  );

export const overloaded = (): DomainError =>
  new DomainError("overloaded", {
    en: "The server is taking in as much as it can; send it again in a moment.",
    zh: "服务器接收已达上限；请稍后重新发送。",
  });

export const stopping = (): DomainError =>
  new DomainError("overloaded", {
    en: "Waremind is stopping; ask again in a moment.",
    zh: "Waremind 正在停止；请稍后重新请求。",
  });

export const storeUnavailable = (cause: unknown): DomainError =>
  new DomainError(
    "store-unavailable",
    {
      en: "The store cannot be reached just now and nothing was kept; send it again later.",
      zh: "暂时无法访问存储，未保存任何内容；请稍后重新发送。",
    },
    undefined,
    cause,
  );

export const noSuchCommand = (number: string): DomainError =>
  new DomainError(
    "not-found",
    {
      en: `No command ${number} of this device waits for an answer: it was answered before, ran out or was taken back.`,
      zh: `该设备没有等待响应的命令 ${number}：它已被响应、已过期或已被撤回。`,
    },
    { number },
  );

export const tooManyKeys = (keysMax: number): DomainError =>
  new DomainError(
    "invalid-input",
    {
      en: `Ask for at most ${keysMax} keys of a scope at once, or for none to read all.`,
      zh: `每个范围一次最多请求 ${keysMax} 个键；不指定键则读取全部。`,
    },
    { keysMax },
  );

/** A number of a query; absent or empty is 0. @throws DomainError `invalid-input` for anything but 0 to `max`. */
export function wholeNumber(field: string, text: string | undefined, max: number): number {
  if (text === undefined || text === "") return 0;
  const number = /^\d{1,15}$/u.test(text) ? Number(text) : Number.NaN;
  if (number <= max) return number;
  throw new DomainError(
    "invalid-input",
    {
      en: `${field} must be a whole number from 0 to ${max}.`,
      zh: `${field} 必须是 0 到 ${max} 之间的整数。`,
    },
    { field, max },
  );
}

export const noRelease = (kind: string): DomainError =>
  new DomainError("not-found", {
    en: `No ${kind} is assigned to this device.`,
    zh: `没有为该设备分配${kind === "firmware" ? "固件" : "软件"}。`,
  });

export const otherRelease = (kind: string): DomainError =>
  new DomainError("invalid-input", {
    en: `Another ${kind} than this title and version is assigned to the device; read its attributes again.`,
    zh: `为该设备分配的${kind === "firmware" ? "固件" : "软件"}与请求的名称和版本不符；请重新读取其属性。`,
  });

export const noSuchChunk = (chunk: number): DomainError =>
  new DomainError(
    "not-found",
    {
      en: `There is no chunk ${chunk}: the package ends before it. Chunks are counted from 0.`,
      zh: `没有第 ${chunk} 个分块：软件包在此之前已结束。分块从 0 开始计数。`,
    },
    { chunk },
  );

export const tooManyTokens = (retryAfterMs: number): DomainError =>
  new DomainError(
    "rate-limited",
    {
      en: `Too many unknown access tokens came from this address; try again in ${seconds(retryAfterMs)} s.`,
      zh: `来自该地址的未知访问令牌过多；请在 ${seconds(retryAfterMs)} 秒后重试。`,
    },
    { retryAfterMs },
  );

export const tooManyGuesses = (retryAfterMs: number): DomainError =>
  new DomainError(
    "rate-limited",
    {
      en: `Too many provisioning requests were refused from this address; try again in ${seconds(retryAfterMs)} s.`,
      zh: `来自该地址的注册请求被拒绝次数过多；请在 ${seconds(retryAfterMs)} 秒后重试。`,
    },
    { retryAfterMs },
  );

export const deviceClosed = (
  reason: "device-deleted" | "device-disabled" | "credentials-revoked",
): DomainError => {
  if (reason === "credentials-revoked") return tokenUnknown();
  return reason === "device-deleted"
    ? new DomainError("not-allowed", {
        en: "This device was deleted while it waited.",
        zh: "该设备在等待期间已被删除。",
      })
    : new DomainError("not-allowed", {
        en: "This device was switched off by a person while it waited.",
        zh: "该设备在等待期间已被停用。",
      });
};

export const tooManyWaiting = (field: string, max: number): DomainError =>
  new DomainError(
    "rate-limited",
    {
      en: `This device waits ${max} times at once already; end one of them first.`,
      zh: `该设备已同时有 ${max} 个等待中的请求；请先结束其中一个。`,
    },
    { field, max },
  );

/** How long a device is told to wait after this refusal, in whole seconds; null when waiting does not help. */
export function retryAfterSeconds(
  error: DomainError,
  { soon, afterFailure }: { readonly soon: number; readonly afterFailure: number },
): number | null {
  const retryAfterMs = error.details?.["retryAfterMs"];
  if (typeof retryAfterMs === "number") return seconds(retryAfterMs);
  if (error.code === "store-unavailable") return afterFailure;
  return error.code === "rate-limited" || error.code === "overloaded" ? soon : null;
}

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

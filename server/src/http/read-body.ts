// Bodies of requests, read with a limit: what is larger is cut off while it comes in, never gathered.
import { DomainError } from "../platform/errors.ts";
import { parseKeepingDigits } from "../telemetry/index.ts";

/**
 * How a body comes: JSON, JSON whose numbers become text where a double would alter their digits, the bytes of a CSV in whatever encoding it was saved, or the fields
 * of a form with its files.
 */
export type BodyKind = "json" | "exact-json" | "csv" | "form";

/** What a body may have unless its route says more. */
export const bodyBytesMax = 64 * 1024;

export function bodyTooLarge(bytesMax: number = bodyBytesMax): DomainError {
  return new DomainError(
    "payload-too-large",
    { en: `The body may have at most ${bytesMax} bytes.`, zh: `请求正文最多 ${bytesMax} 字节。` },
    { bytesMax },
  );
}

/**
 * JSON as it parses (an empty body is an empty object), CSV as its bytes, a form as an object of its fields and files.
 *
 * @throws DomainError `payload-too-large`, `payload-malformed`, `unsupported-media-type`, `invalid-input` when it breaks off.
 */
export async function readBody(request: Request, kind: BodyKind, bytesMax: number): Promise<unknown> {
  const bytes = await readBounded(request, bytesMax);
  switch (kind) {
    case "json":
      return jsonOf(bytes, (text) => JSON.parse(text) as unknown);
    case "exact-json":
      return jsonOf(bytes, parseKeepingDigits);
    case "csv":
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    case "form":
      return formOf(request, bytes);
    default:
      return kind satisfies never;
  }
}

async function readBounded(request: Request, bytesMax: number): Promise<Buffer> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw bodyTooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body === null) return Buffer.alloc(0);
  for await (const chunk of wholeOrRefused(request.body)) {
    size += chunk.byteLength;
    if (size > bytesMax) throw bodyTooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* wholeOrRefused(body: NonNullable<Request["body"]>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw brokenOff(error);
  }
}

/** A client that goes away in the middle is no fault of ours: it is refused, not written to the log. */
export function brokenOff(error: unknown): DomainError {
  return new DomainError(
    "invalid-input",
    {
      en: "The body broke off before its end; nothing was done. Send it again.",
      zh: "请求正文中途断开,未执行任何操作;请重新发送。",
    },
    undefined,
    error,
  );
}

function jsonOf(bytes: Buffer, parse: (text: string) => unknown): unknown {
  if (bytes.byteLength === 0) return {};
  try {
    return parse(bytes.toString("utf8"));
  } catch (error) {
    throw new DomainError("payload-malformed", {
      en: `The body is not JSON: ${(error as Error).message}.`,
      zh: `请求正文不是有效的 JSON:${(error as Error).message}。`,
    });
  }
}

async function formOf(request: Request, bytes: Buffer): Promise<Record<string, unknown>> {
  const type = request.headers.get("content-type") ?? "";
  if (!type.startsWith("multipart/form-data"))
    throw new DomainError("unsupported-media-type", {
      en: "Send this as multipart/form-data.",
      zh: "请以 multipart/form-data 格式发送。",
    });
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
    return Object.fromEntries(form);
  } catch (error) {
    throw new DomainError(
      "payload-malformed",
      { en: "The form cannot be read: its parts are cut off.", zh: "无法读取表单:内容不完整。" },
      undefined,
      error,
    );
  }
}

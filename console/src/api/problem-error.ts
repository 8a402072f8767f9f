import type { BilingualText } from "@waremind/contract";

/** A refusal of the server, or the lack of any answer (`code: "unreachable"`), with a sentence in both languages. */
export class ProblemError extends Error {
  readonly code: string;
  readonly status: number;
  readonly sentence: BilingualText;

  constructor(code: string, status: number, sentence: BilingualText, cause?: unknown) {
    super(`${code}: ${sentence.en}`, { cause });
    this.name = "ProblemError";
    this.code = code;
    this.status = status;
    this.sentence = sentence;
  }
}

export const unreachable: BilingualText = {
  en: "The server cannot be reached. Check that Waremind is running and that this device is online.",
  zh: "无法连接服务器。请确认 Waremind 正在运行，并检查本机网络。",
};

const unexpected: BilingualText = {
  en: "The server answered with something this screen cannot read. Try again, and look at the server's log.",
  zh: "服务器返回了无法识别的内容。请重试，并查看服务器日志。",
};

/** Reads an error body; anything that is not a Problem becomes an honest "unexpected". */
export function problemFrom(body: unknown, status: number): ProblemError {
  if (isProblem(body)) return new ProblemError(body.code, status, body.message);
  return new ProblemError("unexpected", status, unexpected);
}

/** Any thrown thing as the sentence to show. */
export function sentenceOf(error: unknown): BilingualText {
  return error instanceof ProblemError ? error.sentence : unexpected;
}

function isProblem(body: unknown): body is { code: string; message: BilingualText } {
  if (typeof body !== "object" || body === null || !("code" in body) || !("message" in body)) return false;
  const { message } = body;
  return typeof message === "object" && message !== null && "en" in message && "zh" in message;
}

import { ProblemError, problemFrom, unreachable } from "./problem-error.ts";

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: unknown;
  /** A body that is not JSON: a text, a file as its bytes, or a form with a file. A form names its own type. */
  readonly content?: FormData | { readonly data: string | Blob; readonly type: string };
  /** The customer's session; staff are known by their cookie. */
  readonly bearer?: string;
  readonly signal?: AbortSignal;
}

/**
 * One call to the REST API. Throws `ProblemError` for every refusal and for no answer at all. The shape of a good answer
 * is the contract's: the server of this build made it, so it is trusted and not parsed again here.
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  const body = await readJson(response);
  if (!response.ok) throw problemFrom(body, response.status);
  return body as T;
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  const content = contentOf(options);
  if (content?.type !== undefined) headers["content-type"] = content.type;
  if (options.bearer !== undefined) headers["authorization"] = `Bearer ${options.bearer}`;
  try {
    return await fetch(path, {
      method: options.method ?? "GET",
      headers,
      credentials: "same-origin",
      ...(content === undefined ? {} : { body: content.body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw new ProblemError("unreachable", 0, unreachable, error);
  }
}

function contentOf(options: RequestOptions): { body: BodyInit; type?: string } | undefined {
  const { body, content } = options;
  if (content instanceof FormData) return { body: content };
  if (content !== undefined) return { body: content.data, type: content.type };
  return body === undefined ? undefined : { body: JSON.stringify(body), type: "application/json" };
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A path with the search parameters that have a value. */
export function withSearch(
  path: string,
  search: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

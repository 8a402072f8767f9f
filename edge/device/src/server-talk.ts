// Questions to the server, and which of its messages answers or tells what.
import { createRequests } from "./requests.ts";
import {
  type DeviceValue,
  encodeJson,
  isRecord,
  parseJson,
  type ReceivedJson,
  type ReceivedValues,
} from "./values.ts";

const topics = {
  attributes: "v1/devices/me/attributes",
  attributeRequest: "v1/devices/me/attributes/request/",
  attributeResponse: "v1/devices/me/attributes/response/",
  commandRequest: "v1/devices/me/rpc/request/",
  callResponse: "v1/devices/me/rpc/response/",
} as const;

export const subscriptions: readonly string[] = [
  topics.attributes,
  `${topics.attributeResponse}+`,
  `${topics.commandRequest}+`,
  `${topics.callResponse}+`,
  "v2/fw/response/+/chunk/+",
  "v2/sw/response/+/chunk/+",
  "v2/fw/error",
  "v2/sw/error",
];

/** The server gives no chunk, in its own words; the connection ends right after it. */
export class ChunkRefused extends Error {}

export interface AttributeKeys {
  readonly client?: readonly string[];
  readonly shared?: readonly string[];
}

export interface Attributes {
  readonly client: ReceivedValues;
  readonly shared: ReceivedValues;
}

export interface ServerTalk {
  message(topic: string, payload: Buffer): void;
  /** Whoever waits for an answer is told that none will come. */
  brokeOff(): void;
  call(method: string, params: DeviceValue): Promise<ReceivedJson>;
  attributes(keys: AttributeKeys): Promise<Attributes>;
  /** `topic` makes the topic from the question's number. */
  askChunk(topic: (number: number) => string, payload: string): Promise<Buffer>;
}

export function createServerTalk(deps: {
  readonly publish: (topic: string, payload: string) => Promise<number | null>;
  readonly signal: AbortSignal;
  readonly desired: (values: ReceivedValues, deletedKeys: readonly string[]) => void;
  readonly command: (number: number, payload: Buffer) => void;
}): ServerTalk {
  const { publish, signal } = deps;
  const [calls, attributeRequests, chunks] = [createRequests(), createRequests(), createRequests()];
  const numbered: readonly (readonly [string, (number: number, payload: Buffer) => unknown])[] = [
    [topics.commandRequest, deps.command],
    [topics.callResponse, calls.answer],
    [topics.attributeResponse, attributeRequests.answer],
  ];

  function message(topic: string, payload: Buffer): void {
    if (topic === topics.attributes) {
      changed(parseJson(payload));
      return;
    }
    const chunk = /^v2\/[fs]w\/response\/(\d+)\/chunk\/\d+$/.exec(topic)?.[1];
    if (chunk !== undefined) chunks.answer(Number(chunk), payload);
    else if (/^v2\/[fs]w\/error$/.test(topic)) chunks.fail(new ChunkRefused(payload.toString("utf8")));
    const route = numbered.find(([prefix]) => topic.startsWith(prefix));
    const number = Number(topic.slice(route?.[0].length));
    if (route !== undefined && Number.isSafeInteger(number)) route[1](number, payload);
  }

  function changed(change: ReceivedJson | undefined): void {
    if (!isRecord(change)) return;
    const { deleted, ...values } = change;
    deps.desired(values, Array.isArray(deleted) ? deleted.filter((key) => typeof key === "string") : []);
  }

  async function attributes(keys: AttributeKeys): Promise<Attributes> {
    const request = {
      ...(keys.client === undefined ? {} : { clientKeys: keys.client.join(",") }),
      ...(keys.shared === undefined ? {} : { sharedKeys: keys.shared.join(",") }),
    };
    const payload = JSON.stringify(request);
    const answer = parseJson(
      await attributeRequests.ask((number) => publish(topics.attributeRequest + number, payload), signal),
    );
    const part = (name: string): ReceivedValues => {
      const value = isRecord(answer) ? answer[name] : undefined;
      return isRecord(value) ? value : {};
    };
    return { client: part("client"), shared: part("shared") };
  }

  return {
    message,
    brokeOff: () => {
      for (const requests of [calls, attributeRequests, chunks])
        requests.fail(new Error("The connection broke."));
    },
    call: async (method, params) => {
      const payload = encodeJson({ method, params });
      return (
        parseJson(await calls.ask((number) => publish(topics.commandRequest + number, payload), signal)) ??
        null
      );
    },
    attributes,
    askChunk: (topic, payload) => chunks.ask((number) => publish(topic(number), payload), signal),
  };
}

// The ways in for telemetry and attributes, and the ways back out.
import { parse as parseCsv } from "csv-parse/sync";
import { textOfValue } from "../../server/src/telemetry/index.ts";
import type { DeviceProduct, MadeDevice } from "../support/device-product.ts";
import { NotSo, type Scope, same } from "./device-api-case.ts";
import { createCoapJsVoice } from "./device-api-coap-voices.ts";
import { type JsConnection, openMqttJs } from "./device-api-mqtt-js.ts";
import type { MqttVersion } from "./device-api-voices.ts";
import { decodeAnswer, encodeProtobuf, encodeRequest } from "./verbatim-protobuf.ts";
import { jsonTextOf, type Returned, readReturned, type VerbatimValue } from "./verbatim-values.ts";

/** A device that one way in writes to. */
export interface Target {
  /** With a token, also when it stands behind a gateway. */
  readonly device: MadeDevice;
  /** Answers false for a value that the form cannot carry. */
  send(key: string, value: VerbatimValue): Promise<boolean>;
  /** What it went through, for its own way back. */
  readonly gateway: JsConnection | null;
}

export interface WayIn {
  readonly name: string;
  open(scope: Scope): Promise<Target>;
}

const objectOf = (key: string, value: VerbatimValue): string =>
  `{${JSON.stringify(key)}:${jsonTextOf(value)}}`;

export const waysIn = (form: "telemetry" | "attributes"): readonly WayIn[] => [
  ...(["3.1", "3.1.1", "5"] as const).map((version) => overMqtt(form, version, `v1/devices/me/${form}`)),
  overMqtt(form, "5", form === "telemetry" ? "v2/t" : "v2/a"),
  overMqtt(form, "3.1.1", form === "telemetry" ? "v2/t/j" : "v2/a/j"),
  overMqtt(form, "5", form === "telemetry" ? "v2/t/p" : "v2/a/p"),
  {
    name: `HTTP ${form}`,
    open: async ({ product }) => {
      const device = await product.shop.makeDevice();
      const url = `${product.url}/api/v1/${device.token}/${form}`;
      const send = async (key: string, value: VerbatimValue): Promise<true> => {
        same((await fetch(url, { method: "POST", body: objectOf(key, value) })).status, 200, "status");
        return true;
      };
      return { device, send, gateway: null };
    },
  },
  {
    name: `CoAP ${form}`,
    open: async (scope) => {
      const device = await scope.product.shop.makeDevice();
      const voice = createCoapJsVoice(scope);
      const send = async (key: string, value: VerbatimValue): Promise<true> => {
        same((await voice.ask(`/api/v1/${device.token}/${form}`, objectOf(key, value))).code, "2.01", "code");
        return true;
      };
      return { device, send, gateway: null };
    },
  },
  { name: `gateway ${form}`, open: (scope) => openBehindGateway(scope, form) },
];

function overMqtt(form: "telemetry" | "attributes", version: MqttVersion, topic: string): WayIn {
  return {
    name: `MQTT ${version} ${topic}`,
    open: async (scope) => {
      const device = await scope.product.shop.makeDevice();
      const connection = await openMqttJs(scope, version, { userName: device.token });
      const send = async (key: string, value: VerbatimValue): Promise<boolean> => {
        const payload = topic.endsWith("/p") ? encodeProtobuf(form, key, value) : objectOf(key, value);
        if (payload === null) return false;
        same((await connection.publish(topic, payload)).reasonCode, 0, "PUBACK");
        return true;
      };
      return { device, send, gateway: null };
    },
  };
}

async function openBehindGateway(
  { product, ...scope }: Scope,
  form: "telemetry" | "attributes",
): Promise<Target> {
  const { shop } = product;
  const made = await shop.makeDevice({ isGateway: true });
  const gateway = await openMqttJs({ product, ...scope }, "5", { userName: made.token });
  const name = `${made.name} 子设备`;
  await gateway.publish("v1/gateway/connect", JSON.stringify({ device: name }));
  const child = await product.stored.find(name);
  if (child === null) throw new NotSo("the gateway's device was not made");
  const issued = await shop.issueCredential(child.id, { kind: "access-token" });
  const device = { ...child, token: issued.kind === "access-token" ? issued.token : "" };
  const send = async (key: string, value: VerbatimValue): Promise<true> => {
    const part = form === "telemetry" ? `[${objectOf(key, value)}]` : objectOf(key, value);
    const message = `{${JSON.stringify(name)}:${part}}`;
    same((await gateway.publish(`v1/gateway/${form}`, message)).reasonCode, 0, "PUBACK");
    return true;
  };
  return { device, send, gateway };
}

/** What came back by key. */
export type Everything = ReadonlyMap<string, Returned>;

export interface WayBack {
  readonly name: string;
  read(scope: Scope, target: Target, keys: readonly string[]): Promise<Everything>;
}

/** The table of devices shows the beginning of a long text. */
export const latestTextLengthMax = 120;

export const telemetryBack: readonly WayBack[] = [
  {
    name: "the latest value",
    read: async ({ product }, { device }, keys) => {
      const found = new Map<string, Returned>();
      for (const key of keys) {
        const last = await product.stored.latest(device.id, key);
        if (last !== undefined) found.set(key, { type: last.value.type, text: textOfValue(last.value) });
      }
      return found;
    },
  },
  { name: "the REST view of the device", read: ({ product }, { device }) => readView(product, device) },
  { name: "the CSV export", read: ({ product }, { device }) => readExport(product, device) },
];

async function rest(product: DeviceProduct, path: string): Promise<string> {
  const answer = await fetch(`${product.url}${path}`, { headers: { authorization: product.authorization } });
  const text = await answer.text();
  if (!answer.ok) throw new NotSo(`GET ${path} answered ${answer.status}: ${text.slice(0, 300)}`);
  return text;
}

/** It tells texts and numbers apart by the type of their series. */
async function readView(product: DeviceProduct, device: MadeDevice): Promise<Everything> {
  const view = JSON.parse(await rest(product, `/api/devices/${encodeURIComponent(device.name)}`)) as {
    device: { latest: { key: string; text: string }[] };
    series: { key: string; valueType: string }[];
  };
  const types = new Map(view.series.map(({ key, valueType }) => [key, valueType]));
  return new Map(view.device.latest.map(({ key, text }) => [key, { type: types.get(key) ?? "", text }]));
}

async function readExport(product: DeviceProduct, device: MadeDevice): Promise<Everything> {
  const csv = await rest(product, `/api/devices/${encodeURIComponent(device.name)}/readings.csv`);
  const rows = parseCsv(csv, { columns: true, bom: true }) as { key: string; type: string; value: string }[];
  return new Map(rows.map(({ key, type, value }) => [key, { type, text: value }]));
}

type Part = "client" | "shared";

/** Each key is asked for by itself: all of them together would not fit into a packet. */
async function eachKey(
  keys: readonly string[],
  read: (key: string) => Promise<unknown>,
): Promise<Everything> {
  const found = new Map<string, Returned>();
  for (const key of keys) {
    const returned = await read(key);
    if (returned !== undefined) found.set(key, returned as Returned);
  }
  return found;
}

const partOf = (json: string, part: Part, key: string): unknown =>
  (readReturned(json)[part] as Record<string, unknown> | undefined)?.[key];

function mqttBack(version: MqttVersion, part: Part, topics: readonly [ask: string, answer: string]): WayBack {
  return {
    name: `MQTT ${version} ${topics[0]}`,
    read: async (scope, { device }, keys) => {
      const connection = await openMqttJs(scope, version, { userName: device.token });
      await connection.subscribe([`${topics[1]}/+`]);
      const isProtobuf = topics[0].endsWith("/p");
      const found = await eachKey(keys, async (key) => {
        const request = isProtobuf
          ? encodeRequest({ [`${part}_keys`]: [key] })
          : JSON.stringify({ [`${part}Keys`]: key });
        await connection.publish(`${topics[0]}/1`, request);
        const { payload } = await connection.next();
        return isProtobuf ? decodeAnswer(payload, part).get(key) : partOf(payload.toString(), part, key);
      });
      await connection.end();
      return found;
    },
  };
}

export const attributesBack = (part: Part): readonly WayBack[] => [
  mqttBack("3.1.1", part, ["v1/devices/me/attributes/request", "v1/devices/me/attributes/response"]),
  mqttBack("5", part, ["v2/a/req", "v2/a/res"]),
  mqttBack("5", part, ["v2/a/req/p", "v2/a/res/p"]),
  {
    name: "HTTP attributes",
    read: ({ product }, { device }, keys) =>
      eachKey(keys, async (key) => {
        const answer = await fetch(`${product.url}/api/v1/${device.token}/attributes?${part}Keys=${key}`);
        return partOf(await answer.text(), part, key);
      }),
  },
  {
    name: "CoAP attributes",
    read: (scope, { device }, keys) => {
      const voice = createCoapJsVoice(scope);
      return eachKey(keys, async (key) => {
        const { body } = await voice.ask(`/api/v1/${device.token}/attributes?${part}Keys=${key}`);
        return partOf(body.toString(), part, key);
      });
    },
  },
  {
    name: "REST attributes",
    read: async ({ product }, { device }) => {
      const path = `/api/devices/${encodeURIComponent(device.name)}/attributes`;
      const { items } = readReturned(await rest(product, path)) as unknown as {
        items: { scope: Returned; key: Returned; value: Returned }[];
      };
      const own = items.filter(({ scope }) => scope.text === part);
      return new Map(own.map(({ key, value }) => [key.text, value]));
    },
  },
];

/** Only for a device behind a gateway, on the connection of that gateway. */
export const gatewayBack = (part: Part): WayBack => ({
  name: "gateway attributes request",
  read: (_scope, { device, gateway }, keys) =>
    eachKey(keys, async (key) => {
      if (gateway === null) throw new NotSo("there is no gateway");
      const request = { id: 1, device: device.name, client: part === "client", key };
      const answer = gateway.next();
      await gateway.publish("v1/gateway/attributes/request", JSON.stringify(request));
      return readReturned((await answer).payload.toString())["value"];
    }),
});

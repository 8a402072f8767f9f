// [prove: verbatim] What a device sends comes back as it was sent: every value through every way in and every way out.
import { type DeviceProduct, openDeviceProduct } from "../support/device-product.ts";
import { type Scope, shown } from "./device-api-case.ts";
import { openMqttJs } from "./device-api-mqtt-js.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";
import { isVerbatim, jsonTextOf, type Returned, readReturned, verbatimValues } from "./verbatim-values.ts";
import {
  attributesBack,
  gatewayBack,
  latestTextLengthMax,
  type Target,
  telemetryBack,
  type WayBack,
  waysIn,
} from "./verbatim-ways.ts";

const failuresToldMax = 60;

interface Tally {
  passed: number;
  skipped: number;
  readonly ways: Set<string>;
  readonly failures: string[];
}

export const verbatim: Suite = {
  name: "verbatim",
  title: { en: "What was sent comes back as it was sent", zh: "发送什么，取回的就是什么" },
  bar: "every value comes back identical through MQTT v1 and v2, Protobuf, HTTP, CoAP, a gateway, REST and the CSV export, as telemetry and as attributes",
  run: async (context): Promise<SuiteOutcome> => {
    const tally: Tally = { passed: 0, skipped: 0, ways: new Set(), failures: [] };
    await proveOn(undefined, context, tally);
    if (context.postgresqlUrl !== undefined) await proveOn(context.postgresqlUrl, context, tally);
    else {
      context.log(`skipped: ${tally.passed + tally.failures.length} values on PostgreSQL (none was given)`);
      tally.skipped += tally.passed + tally.failures.length;
    }
    const done = tally.passed + tally.failures.length;
    return {
      passed: tally.passed,
      failed: tally.failures.length,
      skipped: tally.skipped,
      figure: `${verbatimValues.length} values through ${tally.ways.size} ways in and out: ${tally.passed} of ${done} came back identical`,
      failures: tally.failures.slice(0, failuresToldMax),
    };
  },
};

async function proveOn(
  postgresqlUrl: string | undefined,
  context: SuiteContext,
  tally: Tally,
): Promise<void> {
  const product = await openDeviceProduct({ postgresqlUrl });
  try {
    for (const form of ["telemetry", "attributes"] as const) {
      for (const wayIn of waysIn(form)) {
        context.signal.throwIfAborted();
        await withScope(product, async (scope) => {
          const target = await wayIn.open(scope);
          const sent = await sendAll(target, `${product.store}: ${wayIn.name}`, tally);
          for (const wayBack of waysBack(form, target))
            await compare({ scope, target, wayBack, name: `${product.store}: ${wayIn.name}` }, sent, tally);
        });
      }
    }
    await withScope(product, (scope) => proveShared(scope, tally));
  } finally {
    await product.close();
  }
  context.log(`${product.store}: ${tally.passed} identical, ${tally.failures.length} not`);
}

function waysBack(form: "telemetry" | "attributes", { gateway }: Target): readonly WayBack[] {
  if (form === "telemetry") return telemetryBack;
  return [...attributesBack("client"), ...(gateway === null ? [] : [gatewayBack("client")])];
}

async function withScope(product: DeviceProduct, work: (scope: Scope) => Promise<void>): Promise<void> {
  const closes: (() => unknown)[] = [];
  try {
    await work({ product, measured: () => undefined, defer: (close) => closes.push(close) });
  } finally {
    for (const close of closes.reverse()) await close();
  }
}

const keyOf = (index: number): string => `k${index}`;

/** Answers which of the values were sent: by their index. */
async function sendAll(target: Target, name: string, tally: Tally): Promise<readonly number[]> {
  const sent: number[] = [];
  for (const [index, value] of verbatimValues.entries()) {
    try {
      if (await target.send(keyOf(index), value)) sent.push(index);
    } catch (error) {
      tally.failures.push(`${name}: ${shown(jsonTextOf(value))} was not taken: ${messageOf(error)}`);
    }
  }
  return sent;
}

async function compare(
  way: { readonly scope: Scope; readonly target: Target; readonly wayBack: WayBack; readonly name: string },
  sent: readonly number[],
  tally: Tally,
): Promise<void> {
  const { scope, target, wayBack } = way;
  const name = `${way.name} → ${wayBack.name}`;
  tally.ways.add(name.slice(name.indexOf(":")));
  const isShort = wayBack.name === "the REST view of the device";
  const asked = sent.filter(
    (index) => !isShort || (verbatimValues[index]?.sent.length ?? 0) <= latestTextLengthMax,
  );
  const returned = await wayBack.read(scope, target, asked.map(keyOf)).catch((error: unknown) => {
    tally.failures.push(`${name}: ${messageOf(error)}`);
    return null;
  });
  if (returned === null) return;
  for (const index of asked) note(name, index, returned.get(keyOf(index)), tally);
}

function note(name: string, index: number, returned: Returned | undefined, tally: Tally): void {
  const value = verbatimValues[index];
  if (value === undefined) throw new Error(`There is no value ${index}.`);
  if (isVerbatim(value, returned)) tally.passed += 1;
  else
    tally.failures.push(
      `${name}: ${shown(jsonTextOf(value))} (${value.kind}) came back as ${shown(returned)}`,
    );
}

/** What a person sets is pushed to the device and read by it; a person's JSON has no numbers beyond a double. */
async function proveShared(scope: Scope, tally: Tally): Promise<void> {
  const { product } = scope;
  const settable = verbatimValues.flatMap(({ kind }, index) => (kind === "text" ? [index] : []));
  for (const [version, topic] of [
    ["3.1.1", "v1/devices/me/attributes"],
    ["5", "v2/a"],
  ] as const) {
    const device = await product.shop.makeDevice();
    const name = `${product.store}: REST shared attribute`;
    const listening = await openMqttJs(scope, version, { userName: device.token });
    await listening.subscribe([topic]);
    for (const index of settable) {
      await setOverRest(product, device.name, `{"${keyOf(index)}":${jsonOf(index)}}`, index);
      const pushed = readReturned((await listening.next()).payload.toString());
      note(`${name} → push on ${topic}`, index, pushed[keyOf(index)] as Returned | undefined, tally);
    }
    tally.ways.add(`${name.slice(name.indexOf(":"))} → push on ${topic}`);
    await listening.end();
    const target: Target = { device, gateway: null, send: () => Promise.resolve(false) };
    for (const wayBack of attributesBack("shared"))
      await compare({ scope, target, wayBack, name }, settable, tally);
  }
}

function jsonOf(index: number): string {
  const value = verbatimValues[index];
  return value === undefined ? "null" : jsonTextOf(value);
}

async function setOverRest(product: DeviceProduct, deviceName: string, values: string, index: number) {
  const answer = await fetch(`${product.url}/api/devices/${encodeURIComponent(deviceName)}/attributes`, {
    method: "POST",
    headers: { authorization: product.authorization, "content-type": "application/json" },
    body: `{"values":${values},"idempotencyKey":"verbatim-${deviceName}-${index}"}`,
  });
  if (!answer.ok) throw new Error(`REST refused: ${await answer.text()}`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

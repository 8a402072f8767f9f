// [prove: device-api] Every behaviour of the device API, through the clients that devices use, against the real product.
import { setTimeout as pause } from "node:timers/promises";
import { type DeviceProduct, openDeviceProduct } from "../support/device-product.ts";
import { type Case, caseMsMax, hasProgram, type Scope } from "./device-api-case.ts";
import { coapCases } from "./device-api-coap.ts";
import { commandCases } from "./device-api-commands.ts";
import { deviceCases } from "./device-api-device.ts";
import { gatewayCases } from "./device-api-gateway.ts";
import { httpCases } from "./device-api-http.ts";
import { kinderCases } from "./device-api-kinder.ts";
import { signInCases } from "./device-api-sign-in.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const cases: readonly Case[] = [
  ...deviceCases,
  ...commandCases,
  ...signInCases,
  ...kinderCases,
  ...gatewayCases,
  ...httpCases,
  ...coapCases,
];
/** More would measure the machine instead of the product. */
const casesAtOnceMax = 6;
const failuresToldMax = 60;

interface Tally {
  passed: number;
  skipped: number;
  readonly failures: string[];
  readonly measured: Map<string, number[]>;
}

export const deviceApi: Suite = {
  name: "device-api",
  title: { en: "Devices connect by changing the host", zh: "设备只需更改主机即可接入" },
  bar: "every behaviour of the device API holds through real clients on every version of MQTT, HTTP and CoAP, on both stores",
  run: async (context): Promise<SuiteOutcome> => {
    const tally: Tally = { passed: 0, skipped: 0, failures: [], measured: new Map() };
    const chosen = chooseCases(context);
    await proveOn(undefined, chosen, { context, tally });
    if (context.postgresqlUrl !== undefined) await proveOn(context.postgresqlUrl, chosen, { context, tally });
    else {
      context.log(`skipped: ${chosen.length} cases on PostgreSQL (no PostgreSQL was given)`);
      tally.skipped += chosen.length;
    }
    for (const [name, times] of tally.measured) context.log(`measured: ${name}: ${timesIn(times)}`);
    return {
      passed: tally.passed,
      failed: tally.failures.length,
      skipped: tally.skipped,
      figure: figureOf(chosen, tally),
      failures: tally.failures.slice(0, failuresToldMax),
    };
  },
};

/** WAREMIND_PROVE_CASES narrows the list while one is looked into. */
function chooseCases({ log }: SuiteContext): readonly Case[] {
  const wanted = process.env["WAREMIND_PROVE_CASES"];
  if (wanted === undefined || wanted === "") return cases;
  log(`only cases with: ${wanted}`);
  return cases.filter((one) => nameOf(one).includes(wanted));
}

const nameOf = ({ behaviour, client, version }: Case): string => `${behaviour} · ${client} · ${version}`;

async function proveOn(
  postgresqlUrl: string | undefined,
  chosen: readonly Case[],
  { context, tally }: { readonly context: SuiteContext; readonly tally: Tally },
): Promise<void> {
  const product = await openDeviceProduct({ postgresqlUrl });
  try {
    const waiting = [...chosen];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        context.signal.throwIfAborted();
        await proveCase(product, next, { context, tally });
      }
    };
    await Promise.all(Array.from({ length: casesAtOnceMax }, work));
  } finally {
    await product.close();
  }
  context.log(`${product.store}: ${chosen.length} cases done`);
}

async function proveCase(
  product: DeviceProduct,
  one: Case,
  { context, tally }: { readonly context: SuiteContext; readonly tally: Tally },
): Promise<void> {
  const name = `${nameOf(one)} · ${product.store}`;
  const missing = one.needs?.find((program) => !hasProgram(program));
  if (missing !== undefined) {
    tally.skipped += 1;
    context.log(`skipped: ${name} (there is no ${missing})`);
    return;
  }
  const fault = await faultOf(product, one, (what, ms) => {
    tally.measured.set(what, [...(tally.measured.get(what) ?? []), ms]);
  });
  if (fault === null) {
    tally.passed += 1;
    return;
  }
  tally.failures.push(`${name}: ${fault}`);
  context.log(`FAILED: ${name}: ${fault}`);
}

async function faultOf(
  product: DeviceProduct,
  one: Case,
  measured: Scope["measured"],
): Promise<string | null> {
  const closes: (() => unknown)[] = [];
  const cancel = new AbortController();
  const scope: Scope = { product, measured, defer: (close) => closes.push(close) };
  const late = pause(caseMsMax, `it took longer than ${caseMsMax} ms`, { signal: cancel.signal });
  const run = one.run(scope).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  try {
    return await Promise.race([run, late]);
  } finally {
    cancel.abort();
    late.catch(() => undefined);
    for (const close of closes.reverse()) await close();
  }
}

function figureOf(chosen: readonly Case[], tally: Tally): string {
  const behaviours = new Set(chosen.map(({ behaviour }) => behaviour)).size;
  const clients = new Set(chosen.map(({ client }) => client)).size;
  const versions = new Set(chosen.map(({ version }) => version)).size;
  const times = [...tally.measured].map(([name, all]) => `; ${name} ${timesIn(all)}`).join("");
  return `${behaviours} behaviours × ${clients} clients × ${versions} versions: ${tally.passed} of ${tally.passed + tally.failures.length} cases held${times}`;
}

const timesIn = (times: readonly number[]): string =>
  `${Math.round(Math.min(...times))} to ${Math.round(Math.max(...times))} ms (${times.length} times)`;

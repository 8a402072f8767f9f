// [prove: releases] Firmware and software from upload to device and back, over MQTT's OTA topics, on the real product.
import type { ReleaseCase } from "./releases-case.ts";
import { type DeviceUnderTest, deliveryCases } from "./releases-delivery.ts";
import { makeOwnDevice, makePlainDevice } from "./releases-devices.ts";
import { rolloutCases } from "./releases-rollouts.ts";
import { openReleaseShop } from "./releases-shop.ts";
import { uploadCases } from "./releases-upload.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const devices: readonly DeviceUnderTest[] = [
  { name: "@waremind/device, MQTT 5", make: makeOwnDevice, protocolVersion: 5, checksSignatures: true },
  { name: "@waremind/device, MQTT 3.1.1", make: makeOwnDevice, protocolVersion: 4, checksSignatures: true },
  {
    name: "a ThingsBoard device, MQTT 5",
    make: makePlainDevice,
    protocolVersion: 5,
    checksSignatures: false,
  },
  {
    name: "a ThingsBoard device, MQTT 3.1.1",
    make: makePlainDevice,
    protocolVersion: 4,
    checksSignatures: false,
  },
];

const cases: readonly ReleaseCase[] = [...uploadCases, ...devices.flatMap(deliveryCases), ...rolloutCases];

export const releases: Suite = {
  name: "releases",
  title: { en: "Releases reach devices, or are taken back", zh: "升级包送达设备，或被收回" },
  bar: "a release is delivered over the OTA topics, resumed, refused when untrue, rolled back on failure, and stopped at its threshold, on both stores",
  run: async (context): Promise<SuiteOutcome> => {
    const tally = { passed: 0, skipped: 0, failures: [] as string[] };
    await proveOn(undefined, context, tally);
    if (context.postgresqlUrl !== undefined) await proveOn(context.postgresqlUrl, context, tally);
    else {
      context.log(`skipped: ${cases.length} cases on PostgreSQL (no PostgreSQL was given)`);
      tally.skipped += cases.length;
    }
    return {
      passed: tally.passed,
      failed: tally.failures.length,
      skipped: tally.skipped,
      figure: `${tally.passed} cases of uploads, deliveries and rollouts, with ${devices.length} kinds of devices`,
      failures: tally.failures,
    };
  },
};

async function proveOn(
  postgresqlUrl: string | undefined,
  { log, seed, signal }: SuiteContext,
  tally: { passed: number; failures: string[] },
): Promise<void> {
  const store = postgresqlUrl === undefined ? "embedded" : "PostgreSQL";
  const shop = await openReleaseShop(postgresqlUrl);
  const random = randomFrom(seed);
  const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random() & 255));
  try {
    for (const one of cases) {
      signal.throwIfAborted();
      const closes: (() => unknown)[] = [];
      try {
        await one.run({ shop, bytes, defer: (close) => void closes.push(close) });
        tally.passed += 1;
        log(`${store}: ${one.name}`);
      } catch (error) {
        tally.failures.push(
          `${store}: ${one.name}: ${error instanceof Error ? error.message : String(error)}`,
        );
        log(`${store}: FAILED: ${one.name}: ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        for (const close of closes.reverse()) await close();
      }
    }
  } finally {
    await shop.close();
  }
}

/** Park and Miller's generator: the same packages for the same seed. */
function randomFrom(seed: number): () => number {
  let state = (Math.abs(seed) % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state >> 7;
  };
}

// Any device: mosquitto_pub in both protocol versions and plain HTTP put a reading in; a screen and an answer show it at once.
import { spawnSync } from "node:child_process";
import type { Answer, EvidenceRecord, Scenario } from "@waremind/contract";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchBrowser } from "../support/browser.ts";
import { type Product, startProduct } from "../support/product.ts";

const hasMosquitto = spawnSync("mosquitto_pub", ["--help"]).error === undefined;
/** How long it may take before it counts as not shown; how fast it is, is printed here and measured by `bench freshness`. */
const shownMsMax = 10_000;

interface Sender {
  readonly name: string;
  /** Returns once the server has acknowledged. */
  send(token: string, product: Product, celsius: number): void;
}

const senders: readonly Sender[] = [
  {
    name: "mosquitto_pub, MQTT 3.1.1",
    send: (token, product, celsius) => publish("mqttv311", token, product, celsius),
  },
  {
    name: "mosquitto_pub, MQTT 5",
    send: (token, product, celsius) => publish("mqttv5", token, product, celsius),
  },
  {
    name: "curl, HTTP",
    send: (token, product, celsius) => {
      const result = spawnSync("curl", [
        "-sS",
        "-f",
        "-X",
        "POST",
        "-H",
        "content-type: application/json",
        "-d",
        JSON.stringify({ temperature: celsius }),
        `${product.url}/api/v1/${token}/telemetry`,
      ]);
      expect(result.status, String(result.stderr)).toBe(0);
    },
  },
];

const report = (sender: Sender, where: string, acknowledgedAt: number): void =>
  console.log(
    `${sender.name}: ${where} ${Math.round(performance.now() - acknowledgedAt)} ms after the acknowledgement`,
  );

function publish(version: string, token: string, product: Product, celsius: number): void {
  const result = spawnSync("mosquitto_pub", [
    "-V",
    version,
    "-h",
    "127.0.0.1",
    "-p",
    String(product.mqttPort),
    "-u",
    token,
    "-q",
    "1",
    "-t",
    "v1/devices/me/telemetry",
    "-m",
    JSON.stringify({ temperature: celsius }),
  ]);
  expect(result.status, String(result.stderr)).toBe(0);
}

describe.skipIf(chromiumPath === undefined || !hasMosquitto)(
  "a device of one's own (needs Chromium and mosquitto_pub)",
  () => {
    let product: Product;
    let browser: Browser;
    let page: Page;
    let token: string;
    let customer: { readonly token: string };

    beforeAll(async () => {
      product = await startProduct();
      browser = await launchBrowser();
      page = await browser.newPage();
      const owner = product.logins.find((login) => login.roles.includes("owner"));
      await page.goto(`${product.url}/?lang=en`);
      await page.getByTestId("sign-in-email").fill(owner?.email ?? "");
      await page.getByTestId("sign-in-password").fill(owner?.password ?? "");
      await page.getByTestId("sign-in-submit").click();
      await page.getByTestId("nav-devices").waitFor();

      // A parcel on its way, whose own logger gives way to a device made here.
      await post("/api/scenarios/good-parcel/start", {});
      const scenario = await until(async () =>
        (await get<{ items: Scenario[] }>("/api/scenarios")).items.find(
          (one) => one.id === "good-parcel" && one.askAs != null,
        ),
      );
      await post("/api/scenarios/good-parcel/stop", {});
      const made = await post<{ token: string }>("/api/devices", {
        name: "my-logger",
        label: "Logger of this journey",
        profileId: await loggerProfile(),
      });
      token = made.token;
      await post("/api/bindings", {
        kind: "logger-shipment",
        deviceName: "my-logger",
        seriesKey: "temperature",
        target: scenario.subjectLabel,
      });
      customer = await post<{ token: string }>("/api/customer/sessions", scenario.askAs);
    });
    afterAll(async () => {
      await browser?.close();
      await product?.dispose();
    });

    test.each(senders)("$name: a reading stands on the screen once acknowledged", async (sender) => {
      await page.goto(`${product.url}/devices/my-logger?lang=en`);
      await page.getByText("my-logger").first().waitFor();
      const celsius = aNewTemperature();
      sender.send(token, product, celsius);
      const acknowledgedAt = performance.now();
      await page.getByText(String(celsius)).first().waitFor({ timeout: shownMsMax });
      report(sender, "on the screen", acknowledgedAt);
    });

    test.each(senders)(
      "$name: a reading is cited in an answer asked after its acknowledgement",
      async (sender) => {
        const celsius = aNewTemperature();
        sender.send(token, product, celsius);
        const acknowledgedAt = performance.now();
        const response = await fetch(`${product.url}/api/questions`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${customer.token}` },
          body: JSON.stringify({ text: "What is the temperature of my parcel now? Was it kept cold?" }),
        });
        const answer = (await response.json()) as Answer;
        report(sender, "in an answer", acknowledgedAt);
        const record = await get<EvidenceRecord>(`/api/evidence/${answer.answer.evidenceRecordId ?? ""}`);
        const latest = record.facts.find((fact) => fact.property === "temperature-latest");
        expect(latest?.value).toMatchObject({ type: "number", number: celsius });
      },
    );

    let count = 0;
    /** In the band and never the same twice, so that an old reading cannot pass for a new one. */
    const aNewTemperature = (): number => {
      count += 1;
      return 2 + count / 100;
    };

    async function loggerProfile(): Promise<string> {
      const { items } = await get<{ items: { id: string }[] }>("/api/profiles");
      const profile = items.find((one) => /logger/.test(one.id));
      if (profile === undefined)
        throw new Error(`No logger among the profiles ${items.map((one) => one.id).join(", ")}.`);
      return profile.id;
    }

    async function get<Body>(path: string): Promise<Body> {
      const response = await page.request.get(`${product.url}${path}`);
      if (!response.ok())
        throw new Error(`GET ${path} answered ${response.status()}: ${await response.text()}`);
      return (await response.json()) as Body;
    }

    async function post<Body>(path: string, data: unknown): Promise<Body> {
      const response = await page.request.post(`${product.url}${path}`, {
        data,
        headers: { origin: product.url },
      });
      if (!response.ok())
        throw new Error(`POST ${path} answered ${response.status()}: ${await response.text()}`);
      return (await response.json()) as Body;
    }
  },
);

async function until<Value>(ask: () => Promise<Value | undefined>): Promise<Value> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const value = await ask();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error("Waited 30 s in vain.");
}

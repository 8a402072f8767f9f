// From the publishing of a reading to an answer that cites it, on the whole running product.
import type { Answer, EvidenceRecord, Fact, Language, Scenario } from "@waremind/contract";
import { connectAsync, type MqttClient } from "mqtt";
import { startProduct } from "../tests/support/product.ts";
import { type BenchOptions, type BenchReport, median, quantile, reportOf } from "./support/report.ts";

/** Where the measured product runs; its own is started unless WAREMIND_BENCH_URL names one (see `fromEnvironment`). */
interface Subject {
  readonly url: string;
  readonly mqttPort: number;
  /** Access token of a logger bound to a shipment under way. */
  readonly deviceToken: string;
  /** Bearer token of the customer whose shipment that is. */
  readonly customerToken: string;
  /** The customer's order that this shipment belongs to. */
  readonly orderNumber: string;
  dispose(): Promise<void>;
}

interface Sample {
  readonly acknowledgedMs: number;
  readonly answeredMs: number;
}

const questions: Readonly<Record<Language, (orderNumber: string) => string>> = {
  en: (orderNumber) => `What is the temperature of my order ${orderNumber} now? Was it kept cold?`,
  zh: (orderNumber) => `我的订单 ${orderNumber} 现在温度是多少？一直冷藏吗？`,
};

/** The promise: in an answer within one second of the acknowledgement. */
const freshMsMax = 1_000;
const warmupCount = 5;

export async function runFreshness(options: BenchOptions): Promise<BenchReport> {
  const sampleCount = options.quick ? 20 : 200;
  const subject = fromEnvironment() ?? (await startOwn(options));
  try {
    const device = await connectAsync(`mqtt://127.0.0.1:${subject.mqttPort}`, {
      username: subject.deviceToken,
    });
    const samples: Record<Language, Sample[]> = { en: [], zh: [] };
    try {
      for (let count = 0; count < sampleCount + warmupCount; count += 1) {
        const language = count % 2 === 0 ? "en" : "zh";
        const sample = await measureOnce(subject, device, { language, celsius: temperatureOf(count) });
        if (count >= warmupCount) samples[language].push(sample);
      }
    } finally {
      await device.endAsync();
    }
    return report(options, samples);
  } finally {
    await subject.dispose();
  }
}

function report(options: BenchOptions, samples: Readonly<Record<Language, readonly Sample[]>>): BenchReport {
  const all = [...samples.en, ...samples.zh];
  const row = (name: string, values: readonly number[]) => [
    name,
    values.length,
    median(values),
    quantile(values, 0.99),
    Math.max(...values),
  ];
  const slow = all.filter((sample) => sample.answeredMs > freshMsMax).length;
  return reportOf(options, {
    title: "Freshness: from a reading to an answer that cites it",
    notes: [
      "The whole product with its demo shop and virtual devices running; MQTT 5 at QoS 1 over loopback; the composer answers.",
      "Each reading has a value of its own, and its answer counts only when the evidence holds exactly that value and the time of its point.",
      `Answers later than ${freshMsMax / 1_000} s after the acknowledgement: ${slow} of ${all.length}.`,
    ],
    skipped: [],
    tables: [
      {
        title: "Milliseconds",
        columns: ["step", "samples", "median", "p99", "slowest"],
        rows: [
          row(
            "publish → PUBACK (on disk)",
            all.map((sample) => sample.acknowledgedMs),
          ),
          row(
            "PUBACK → answer, English",
            samples.en.map((sample) => sample.answeredMs),
          ),
          row(
            "PUBACK → answer, Chinese",
            samples.zh.map((sample) => sample.answeredMs),
          ),
          row(
            "publish → answer",
            all.map((sample) => sample.acknowledgedMs + sample.answeredMs),
          ),
        ],
      },
    ],
  });
}

async function measureOnce(
  subject: Subject,
  device: MqttClient,
  { language, celsius }: { readonly language: Language; readonly celsius: number },
): Promise<Sample> {
  const observedAt = Date.now();
  const payload = JSON.stringify({ ts: observedAt, values: { temperature: celsius } });
  const publishedAt = performance.now();
  await device.publishAsync("v1/devices/me/telemetry", payload, { qos: 1 });
  const acknowledgedAt = performance.now();
  const ask = callsTo(subject.url, { authorization: `Bearer ${subject.customerToken}` });
  const answer = await ask.post<Answer>("/api/questions", {
    text: questions[language](subject.orderNumber),
    language,
  });
  const answeredAt = performance.now();
  const recordId = answer.answer.evidenceRecordId;
  if (recordId === null) throw new Error(`The answer rests on nothing: ${answer.answer.text}`);
  const record = await ask.get<EvidenceRecord>(`/api/customer/evidence/${recordId}`);
  if (!cites(record, celsius, observedAt)) {
    throw new Error(`The answer does not cite ${celsius} °C: ${answer.answer.text}`);
  }
  return { acknowledgedMs: acknowledgedAt - publishedAt, answeredMs: answeredAt - acknowledgedAt };
}

/** Whether a claim of the answer rests on a fact with this value whose series ends at this very point. */
function cites(record: EvidenceRecord, celsius: number, observedAt: number): boolean {
  const cited = new Set(
    record.sentences.flatMap((sentence) => sentence.claims.flatMap((claim) => claim.factIds)),
  );
  return record.facts.some((fact) => cited.has(fact.id) && rests(fact, celsius, observedAt));
}

function rests(fact: Fact, celsius: number, observedAt: number): boolean {
  return (
    fact.value.type === "number" &&
    fact.value.number === celsius &&
    fact.source.kind === "series" &&
    fact.source.to === observedAt
  );
}

/** In the band, and never the same twice in a row of 300. */
function temperatureOf(count: number): number {
  return Math.round(100 + (count % 300)) / 100;
}

/** A product that runs already: its address, and the tokens of a bound logger and of its customer. */
function fromEnvironment(): Subject | null {
  const read = (name: string): string => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`WAREMIND_BENCH_URL needs ${name} beside it.`);
    return value;
  };
  const url = process.env["WAREMIND_BENCH_URL"];
  if (url === undefined) return null;
  return {
    url,
    mqttPort: Number(read("WAREMIND_BENCH_MQTT_PORT")),
    deviceToken: read("WAREMIND_BENCH_DEVICE_TOKEN"),
    customerToken: read("WAREMIND_BENCH_CUSTOMER_TOKEN"),
    orderNumber: read("WAREMIND_BENCH_ORDER_NUMBER"),
    dispose: () => Promise.resolve(),
  };
}

const benchDevice = "bench-logger";
const benchScenario = "good-parcel";

/** Starts the product with its demo shop and gives a parcel of it a logger of our own. */
async function startOwn(options: BenchOptions): Promise<Subject> {
  options.say("Starting the product with its demo shop …");
  const product = await startProduct();
  try {
    const staff = callsTo(product.url, { cookie: await signIn(product) });
    await staff.post(`/api/scenarios/${benchScenario}/start`, {});
    const { subjectLabel, askAs } = await until(async () => {
      const { items } = await staff.get<{ items: Scenario[] }>("/api/scenarios");
      const scenario = items.find((one) => one.id === benchScenario);
      return scenario?.askAs == null
        ? undefined
        : { subjectLabel: scenario.subjectLabel, askAs: scenario.askAs };
    });
    await staff.post(`/api/scenarios/${benchScenario}/stop`, {});
    const { items: profiles } = await staff.get<{ items: { id: string }[] }>("/api/profiles");
    const made = await staff.post<{ token: string }>("/api/devices", {
      name: benchDevice,
      label: "Logger of the freshness bench",
      profileId: profiles.find((profile) => profile.id.includes("logger"))?.id,
    });
    await staff.post("/api/bindings", {
      kind: "logger-shipment",
      deviceName: benchDevice,
      seriesKey: "temperature",
      target: subjectLabel,
    });
    const session = await callsTo(product.url, {}).post<{ token: string }>("/api/customer/sessions", askAs);
    return {
      url: product.url,
      mqttPort: product.mqttPort,
      deviceToken: made.token,
      customerToken: session.token,
      orderNumber: askAs.orderNumber,
      dispose: product.dispose,
    };
  } catch (error) {
    await product.dispose();
    throw error;
  }
}

async function signIn(product: Awaited<ReturnType<typeof startProduct>>): Promise<string> {
  const owner = product.logins.find((login) => login.roles.includes("owner"));
  const response = await fetch(`${product.url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: product.url },
    body: JSON.stringify({ email: owner?.email, password: owner?.password }),
  });
  if (!response.ok) throw new Error(`Signing in answered ${response.status}: ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

interface Calls {
  get<Body>(path: string): Promise<Body>;
  post<Body = unknown>(path: string, body: unknown): Promise<Body>;
}

function callsTo(url: string, headers: Readonly<Record<string, string>>): Calls {
  async function call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { "content-type": "application/json", origin: url, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Body;
  }
  return {
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
  };
}

const untilAttemptsMax = 120;
const untilPauseMs = 250;

async function until<Value>(ask: () => Promise<Value | undefined>): Promise<Value> {
  for (let attempt = 0; attempt < untilAttemptsMax; attempt += 1) {
    const value = await ask();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, untilPauseMs));
  }
  throw new Error("The scenario did not begin within 30 s.");
}

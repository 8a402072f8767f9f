// The story that makes the product, told twice: once in English, once in Chinese.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type {
  Alarm,
  Approval,
  EvidenceRecord,
  Message,
  OrderView,
  Receipt,
  Scenario,
  ShipmentDetail,
} from "@waremind/contract";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchBrowser } from "../support/browser.ts";
import { type Product, startProduct } from "../support/product.ts";

const root = resolve(import.meta.dirname, "../..");
const pictures = process.env["WAREMIND_SCREENSHOTS"];
const stepMsMax = 90_000;
const presentMs = 60_000;

interface Told {
  readonly language: "en" | "zh";
  readonly question: string;
  readonly wantsMoney: string;
  readonly yes: string;
  readonly waitsFor: RegExp;
  readonly names: RegExp;
}

const told: readonly Told[] = [
  {
    language: "en",
    question: "Was my salmon kept cold? Is it still safe to eat?",
    wantsMoney: "I want my money back",
    yes: "Yes, please",
    waitsFor: /colleague|approv|confirm/i,
    names: /°C/,
  },
  {
    language: "zh",
    question: "我的三文鱼一路上冷链正常吗?还能吃吗?",
    wantsMoney: "我要退款",
    yes: "好的",
    waitsFor: /同事|审批|批准|确认/,
    names: /°C|度/,
  },
];

describe.skipIf(chromiumPath === undefined)("the salmon story in a real browser (needs Chromium)", () => {
  let product: Product;
  let browser: Browser;

  beforeAll(async () => {
    product = await startProduct();
    browser = await launchBrowser();
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await product?.dispose();
  });

  test.each(told)(
    "in $language: alarm before the limit, cited answer, X-ray, approval once, audit",
    async (story) => {
      const desk = await signIn(story.language);
      const customerPage = await (
        await browser.newContext({
          locale: localeOf(story.language),
          timezoneId: "Asia/Shanghai",
          viewport: { width: 420, height: 800 },
        })
      ).newPage();

      // A parcel of salmon warms up on its way.
      const scenario = await startScenario(desk.page);
      const shipment = await waitForExcursion(desk.page, scenario);
      expectAlarmBeforeLimit(shipment);
      await desk.page.goto(`${product.url}/shipments/${shipment.id}?lang=${story.language}`);
      await desk.page.getByTestId("temperature-curve").waitFor({ timeout: stepMsMax });
      await takePicture(desk.page, `shipment-${story.language}`);

      // The customer proves who they are and asks.
      await identify(customerPage, scenario, story.language);
      const answer = await ask(customerPage, story.question);
      expect(answer).toMatch(story.names);
      await takePicture(customerPage, `widget-${story.language}`);
      await customerPage.getByTestId("show-proof").last().click();
      const conversation = await conversationOf(desk.page, scenario);
      const first = conversation.filter((message) => message.author === "assistant")[0];
      const record = await get<EvidenceRecord>(desk.page, `/api/evidence/${first?.evidenceRecordId ?? ""}`);
      expectCitations(record, shipment);

      // The X-ray opens the very points the sentence rests on.
      await openXRay(desk.page, record, story.language);
      await takePicture(desk.page, `x-ray-${story.language}`);

      // The refund waits for a person, runs once, and leaves a receipt.
      await ask(customerPage, story.wantsMoney);
      const waiting = await ask(customerPage, story.yes);
      expect(waiting).toMatch(story.waitsFor);
      const approval = await grant(desk.page, story.language);
      await expectRefundedOnce(desk.page, approval, shipment);

      // The audit log proves all of it.
      await desk.page.goto(`${product.url}/audit?lang=${story.language}`);
      await desk.page.getByTestId("audit-chain").waitFor({ timeout: stepMsMax });
      await takePicture(desk.page, `audit-${story.language}`);
      const audit = await get<{ chainHolds: boolean; entries: { kind: string }[] }>(
        desk.page,
        "/api/audit?limit=200",
      );
      expect(audit.chainHolds).toBe(true);
      expect(runDoctor()).toMatch(/audit chain holds: \d+ entries/);
      await post(desk.page, `/api/scenarios/${scenario.id}/stop`, {});
      await desk.context.close();
      await customerPage.context().close();
    },
  );

  const localeOf = (language: "en" | "zh"): string => (language === "zh" ? "zh-CN" : "en-GB");

  async function signIn(language: "en" | "zh"): Promise<{ page: Page; context: BrowserContext }> {
    const context = await browser.newContext({
      locale: localeOf(language),
      timezoneId: "Asia/Shanghai",
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(stepMsMax);
    const owner = product.logins.find((login) => login.roles.includes("owner"));
    if (owner === undefined) throw new Error(`No owner among the printed logins:\n${product.output()}`);
    await page.goto(`${product.url}/?lang=${language}`);
    await page.getByTestId("sign-in-email").fill(owner.email);
    await page.getByTestId("sign-in-password").fill(owner.password);
    await page.getByTestId("sign-in-submit").click();
    await page.getByTestId("nav-shipments").waitFor();
    await takePicture(page, `overview-${language}`);
    return { page, context };
  }

  async function startScenario(page: Page): Promise<Scenario> {
    await page.getByTestId("nav-scenarios").click();
    await page.getByTestId("scenario-start-warming-parcel").click();
    return await until(async () => {
      const { items } = await get<{ items: Scenario[] }>(page, "/api/scenarios");
      const scenario = items.find((one) => one.id === "warming-parcel");
      return scenario?.state === "running" && scenario.askAs != null ? scenario : undefined;
    }, "the scenario runs");
  }

  /** Reads alarms as they come, so that their order of arrival is seen and not only their times. */
  async function waitForExcursion(page: Page, scenario: Scenario): Promise<ShipmentDetail> {
    return await until(async () => {
      const shipment = await get<ShipmentDetail>(page, `/api/shipments/${scenario.subjectLabel}`);
      const { condition } = shipment;
      // The whole story has played when the logger speaks of the present.
      const isPresent = Date.now() - (condition?.lastAt ?? 0) < presentMs;
      return condition?.verdict === "spoiled" && isPresent ? shipment : undefined;
    }, "the parcel's excursion passes its limit");
  }

  function expectAlarmBeforeLimit(shipment: ShipmentDetail): void {
    const byKind = (kind: Alarm["kind"]) =>
      shipment.alarms.filter((alarm) => alarm.kind === kind).sort((a, b) => a.learnedAt - b.learnedAt)[0];
    const [warning, crossing] = [byKind("rate-of-change"), byKind("threshold")];
    expect(warning?.learnedAt).toBeLessThan(crossing?.learnedAt ?? 0);
    expect(warning?.beganAt).toBeLessThan(crossing?.beganAt ?? 0);
    expect(warning?.value).toBeLessThanOrEqual(shipment.band?.maxCelsius ?? 0);
  }

  async function identify(page: Page, scenario: Scenario, language: string): Promise<void> {
    page.setDefaultTimeout(stepMsMax);
    await page.goto(`${product.url}/widget?lang=${language}`);
    await page.getByTestId("widget-order").fill(scenario.askAs?.orderNumber ?? "");
    await page.getByTestId("widget-email").fill(scenario.askAs?.email ?? "");
    await page.getByTestId("widget-identify").click();
    await page.getByTestId("widget-question").waitFor();
  }

  async function ask(page: Page, question: string): Promise<string> {
    const before = await page.getByTestId("message-assistant").count();
    await page.getByTestId("widget-question").fill(question);
    await page.getByTestId("widget-send").click();
    await page.getByTestId("message-assistant").nth(before).waitFor();
    return (await page.getByTestId("message-assistant").nth(before).innerText()).trim();
  }

  async function conversationOf(page: Page, scenario: Scenario): Promise<Message[]> {
    const { items } = await get<{ items: { id: string; updatedAt: number }[] }>(page, "/api/conversations");
    const newest = items.toSorted((a, b) => b.updatedAt - a.updatedAt)[0];
    if (newest === undefined)
      throw new Error(`No conversation of ${scenario.askAs?.email ?? "the customer"} in the inbox.`);
    return (await get<{ messages: Message[] }>(page, `/api/conversations/${newest.id}`)).messages;
  }

  function expectCitations(record: EvidenceRecord, shipment: ShipmentDetail): void {
    const cited = new Set(
      record.sentences.flatMap((sentence) => sentence.claims.flatMap((claim) => claim.factIds)),
    );
    const facts = record.facts.filter((fact) => cited.has(fact.id));
    expect(record.sentences.every((sentence) => sentence.isSupported)).toBe(true);
    expect(
      facts.some((fact) => fact.source.kind === "series" && fact.source.seriesId === shipment.seriesId),
    ).toBe(true);
    expect(
      record.facts.some(
        (fact) =>
          fact.property === "order-number" &&
          fact.value.type === "identifier" &&
          fact.value.text === shipment.orderNumber,
      ),
    ).toBe(true);
    expect(facts.some((fact) => fact.source.kind === "clause")).toBe(true);
  }

  async function openXRay(page: Page, record: EvidenceRecord, language: string): Promise<void> {
    await page.goto(`${product.url}/x-ray/${record.id}?lang=${language}`);
    const claims = record.sentences.flatMap((sentence) => sentence.claims);
    const byId = new Map(record.facts.map((fact) => [fact.id, fact]));
    const restsOnReadings = (id: string): boolean =>
      byId.get(id)?.source.kind === "series" && byId.get(id)?.property === "temperature-max";
    const index = claims.findIndex((claim) => claim.kind === "number" && claim.factIds.some(restsOnReadings));
    expect(index).toBeGreaterThanOrEqual(0);
    await page.getByTestId(`claim-${index}`).click();
    await page.getByTestId("fact-panel").waitFor();
    const marked = await page.getByTestId("marked-points").first().innerText();
    const source = claims[index]?.factIds
      .map((id) => byId.get(id)?.source)
      .find((one) => one?.kind === "series");
    if (source?.kind !== "series") throw new Error("The claim rests on a series.");
    expect(source.markedAt.length).toBeGreaterThan(0);
    // Each marked point is a reading of the series, and its time stands on the screen.
    const curve = await get<{ points: [number, number][] }>(
      page,
      `/api/series/${source.seriesId}/curve?from=${source.from}&to=${source.to}&points=2000`,
    );
    const times = new Set(curve.points.map(([at]) => at));
    for (const at of source.markedAt) {
      expect(times.has(at)).toBe(true);
      expect(marked).toContain(
        new Intl.DateTimeFormat("en-GB", {
          hour: "2-digit",
          minute: "2-digit",
          timeZone: "Asia/Shanghai",
        }).format(at),
      );
    }
  }

  async function grant(page: Page, language: string): Promise<Approval> {
    const { items } = await get<{ items: Approval[] }>(page, "/api/approvals?state=waiting");
    const [waiting] = items;
    if (waiting === undefined) throw new Error("No approval waits.");
    await page.goto(`${product.url}/approvals?lang=${language}`);
    const card = page.getByTestId(`approval-${waiting.id}`);
    await card.waitFor();
    await takePicture(page, `approvals-${language}`);
    await card
      .getByTestId("approval-note")
      .fill(language === "zh" ? "读数清楚,同意退款" : "The readings are clear");
    await card.getByTestId("approval-grant").click();
    await page.getByTestId("approval-receipt").first().waitFor();
    return waiting;
  }

  async function expectRefundedOnce(page: Page, approval: Approval, shipment: ShipmentDetail): Promise<void> {
    const granted = await get<Approval>(page, `/api/approvals/${approval.id}`);
    expect(granted.state).toBe("executed");
    // The same consent again returns the same receipt, or is refused; it never pays twice.
    const again = await page.request.post(`${product.url}/api/approvals/${approval.id}/decision`, {
      data: { verdict: "grant", note: "again" },
      headers: { origin: product.url },
    });
    if (again.ok())
      expect(((await again.json()) as { receipt: Receipt | null }).receipt?.id).toBe(granted.receiptId);
    else expect(again.status()).toBe(409);
    const order = await get<OrderView>(page, `/api/orders/${shipment.orderId}`);
    expect(order.refunds).toHaveLength(1);
    expect(order.refunds[0]?.receiptId).toBe(granted.receiptId);
  }

  function runDoctor(): string {
    return execFileSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(root, "server/src/main.ts"), "doctor", "--audit"],
      {
        encoding: "utf8",
        env: { ...process.env, WAREMIND_DATA_DIR: product.dataDirectory, WAREMIND_DATABASE_URL: "" },
      },
    );
  }

  async function get<Answer>(page: Page, path: string): Promise<Answer> {
    const response = await page.request.get(`${product.url}${path}`);
    if (!response.ok())
      throw new Error(`GET ${path} answered ${response.status()}: ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  async function post(page: Page, path: string, data: unknown): Promise<void> {
    const response = await page.request.post(`${product.url}${path}`, {
      data,
      headers: { origin: product.url },
    });
    if (!response.ok())
      throw new Error(`POST ${path} answered ${response.status()}: ${await response.text()}`);
  }

  async function takePicture(page: Page, name: string): Promise<void> {
    if (pictures === undefined) return;
    // What fades in has faded in.
    await page.waitForTimeout(700);
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  }
});

/** Asks again until there is an answer; the whole test's own time limit ends a story that never comes to it. */
async function until<Value>(ask: () => Promise<Value | undefined>, what: string): Promise<Value> {
  const startedAt = Date.now();
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() - startedAt > stepMsMax) throw new Error(`Waited ${stepMsMax} ms in vain until ${what}.`);
    await new Promise((resolveWait) => setTimeout(resolveWait, 250));
  }
}

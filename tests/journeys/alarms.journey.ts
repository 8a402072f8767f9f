// An alarm from its rule to the person who takes note of it: a rule is written on screen, a reading breaks it, the alarm
// appears, an e-mail arrives at a real mail server, somebody acknowledges, and the ladder stops. Once in each language.
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchBrowser } from "../support/browser.ts";
import { type Product, startProduct } from "../support/product.ts";
import { stepMsMax, until } from "../support/until.ts";

const pictures = process.env["WAREMIND_SCREENSHOTS"];

interface Told {
  readonly language: "en" | "zh";
  /** Part of the mail's text. */
  readonly mailSays: string;
  readonly name: string;
}
const told: readonly Told[] = [
  { language: "en", mailSays: "acknowledge it, then nobody else is told", name: "Night shift" },
  { language: "zh", mailSays: "确认后不再通知其他人", name: "夜班" },
];

describe.skipIf(chromiumPath === undefined)("alarms through the console (needs Chromium)", () => {
  let product: Product;
  let browser: Browser;
  let smtp: SMTPServer;
  const mails: string[] = [];

  beforeAll(async () => {
    smtp = new SMTPServer({
      ...{ disabledCommands: ["STARTTLS"], authOptional: true, logger: false },
      onData: (stream, _session, done) => {
        let text = "";
        stream.on("data", (part: Buffer) => {
          text += part.toString();
        });
        stream.on("end", () => {
          mails.push(plain(text));
          done();
        });
      },
    });
    await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", resolve));
    const { port } = smtp.server.address() as AddressInfo;
    product = await startProduct({
      environment: {
        WAREMIND_SMTP_URL: `smtp://127.0.0.1:${String(port)}`,
        WAREMIND_MAIL_FROM: "Waremind <alarms@shop.example>",
      },
    });
    browser = await launchBrowser();
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await product?.dispose();
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
  });

  test.each(told)(
    "in $language: rule, target, policy, alarm, e-mail, assignment, acknowledgement",
    async (one) => {
      const { language } = one;
      const page = await signIn(language);
      const profile = `box-${language}`;
      await writeRule(page, one, profile);
      const token = await addDevice(page, profile);
      await makeTarget(page, one);
      await makePolicy(page, one, profile);

      await send(token, 4);
      await send(token, 12.5);
      const alarm = await until(async () => {
        const { items } = await get<{ items: { id: string; subjectLabel: string }[] }>(
          page,
          "/api/alarms?open=true",
        );
        return items.find((each) => each.subjectLabel.startsWith(profile));
      }, "the alarm is there");
      const mail = await until(() => mails.find((text) => text.includes(alarm.id)), "the e-mail arrived");
      expect(mail).toContain(one.mailSays);
      expect(mail).toContain(`/alarms?alarm=${alarm.id}`);

      await backtest(page, one, profile);

      // As somebody comes who follows the link.
      await page.goto(`${product.url}/alarms?alarm=${alarm.id}&lang=${language}`);
      const row = page.getByTestId(`alarm-${alarm.id}`);
      await row.locator('[data-testid="delivery"][data-state="sent"]').first().waitFor();
      await row.getByTestId("escalation-next").waitFor();
      await takePicture(page, `alarms-${language}`);
      await row.getByTestId("alarm-assign").selectOption({ index: 1 });
      await until(async () => {
        const { items } = await get<{ items: { id: string; assignedTo: string | null }[] }>(
          page,
          "/api/alarms",
        );
        return items.find((each) => each.id === alarm.id)?.assignedTo ?? undefined;
      }, "it is assigned");
      await row.getByTestId("alarm-note").fill("在路上 On my way");
      await row.getByTestId("alarm-acknowledge").click();
      await row.locator('[data-testid="escalation-stopped"][data-because="acknowledged"]').waitFor();
      await row.getByText("在路上 On my way").waitFor();
      await takePicture(page, `alarms-acknowledged-${language}`);
      await page.context().close();
    },
  );

  async function signIn(language: "en" | "zh"): Promise<Page> {
    const context = await browser.newContext({
      locale: language === "zh" ? "zh-CN" : "en-GB",
      timezoneId: "Asia/Shanghai",
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(stepMsMax);
    const login = product.logins.find((each) => each.roles.includes("owner"));
    if (login === undefined) throw new Error("Nobody is owner among the printed logins.");
    await page.goto(`${product.url}/?lang=${language}`);
    await page.getByTestId("sign-in-email").fill(login.email);
    await page.getByTestId("sign-in-password").fill(login.password);
    await page.getByTestId("sign-in-submit").click();
    await page.getByTestId("nav-alarms").waitFor();
    return page;
  }

  async function writeRule(page: Page, { language }: Told, profile: string): Promise<void> {
    await page.goto(`${product.url}/profiles/~new?lang=${language}`);
    await page.getByTestId("profile-id").fill(profile);
    await page.getByTestId("profile-name-en").fill("Box");
    await page.getByTestId("profile-name-zh").fill("箱");
    await page.getByTestId("tab-keys").click();
    await page.getByTestId("key-name").fill("temperature");
    await page.getByTestId("key-unit").fill("Cel");
    await page.getByTestId("tab-rules").click();
    await page.getByTestId("rule-add").click();
    await page.getByTestId("rule-id").fill("too-warm");
    await page.getByTestId("rule-key").selectOption("temperature");
    await page.getByTestId("rule-above").fill("8");
    await page.getByTestId("rule-severity").selectOption("critical");
    await page.getByTestId("rule-name-en").fill("Too warm");
    await page.getByTestId("rule-name-zh").fill("温度过高");
    await takePicture(page, `rules-${language}`);
    await page.getByTestId("profile-save").click();
    await page.waitForURL((url) => url.pathname === `/profiles/${profile}`);
  }

  /** Answers its access token. */
  async function addDevice(page: Page, profile: string): Promise<string> {
    const made = await page.request.post(`${product.url}/api/devices`, {
      data: { name: `${profile}-1`, profileId: profile },
      headers: { origin: product.url },
    });
    expect(made.status()).toBe(200);
    const { token } = (await made.json()) as { token: string };
    return token;
  }

  async function makeTarget(page: Page, { language, name }: Told): Promise<void> {
    await page.goto(`${product.url}/escalation?tab=targets&lang=${language}`);
    await page.getByTestId("target-new").click();
    await page.getByTestId("target-kind").selectOption("email");
    await page.getByTestId("target-name-en").fill(language === "en" ? name : `${name} (zh)`);
    await page.getByTestId("target-name-zh").fill(language === "zh" ? name : `${name} (en)`);
    await page.getByTestId("target-addresses").fill("night@shop.example");
    await page.locator('select[name="language"]').selectOption(language);
    await takePicture(page, `target-form-${language}`);
    await page.getByTestId("target-save").click();
    const row = page.locator('[data-testid^="target-tgt_"]').filter({ hasText: name });
    await row.locator('[data-testid^="test-"]').click();
    await row.locator('[data-testid="delivery"][data-state="sent"]').waitFor();
    await takePicture(page, `targets-${language}`);
  }

  async function makePolicy(page: Page, { language, name }: Told, profile: string): Promise<void> {
    await page.goto(`${product.url}/escalation?lang=${language}`);
    await page.getByTestId("policy-new").click();
    await page.getByTestId("policy-name-en").fill(`Boxes ${language}`);
    await page.getByTestId("policy-name-zh").fill(`箱 ${language}`);
    await page.getByTestId("policy-profile").selectOption(profile);
    for (const step of await page.getByTestId("policy-step").all())
      await step.getByLabel(name, { exact: true }).check();
    await takePicture(page, `policy-form-${language}`);
    await page.getByTestId("policy-save").click();
    await page.locator('[data-testid^="policy-esc_"]').filter({ hasText: profile }).waitFor();
    await takePicture(page, `policies-${language}`);
  }

  /** The rule as it is stored, over what was measured: the one alarm that there was, and no other. */
  async function backtest(page: Page, { language }: Told, profile: string): Promise<void> {
    await page.goto(`${product.url}/profiles/${profile}?tab=rules&lang=${language}`);
    await page.getByTestId("rule-backtest").click();
    await page.locator('[data-testid="backtest"][data-state="done"]').waitFor();
    expect(await page.getByTestId("backtest-totals").innerText()).toMatch(/^(1 alarm|共 1 次)/u);
    await takePicture(page, `backtest-${language}`);
    await page.getByTestId("rule-kind").selectOption("expression");
    await page.getByTestId("rule-expression").fill("temperature >");
    await page.getByTestId("rule-backtest").click();
    await page.getByRole("alert").waitFor();
    await takePicture(page, `expression-${language}`);
  }

  async function send(token: string, temperature: number): Promise<void> {
    const answer = await fetch(`${product.url}/api/v1/${token}/telemetry`, {
      method: "POST",
      body: JSON.stringify({ temperature }),
    });
    expect(answer.status).toBe(200);
  }

  async function get<Answer>(page: Page, path: string): Promise<Answer> {
    const answer = await page.request.get(`${product.url}${path}`);
    expect(answer.status()).toBe(200);
    return (await answer.json()) as Answer;
  }
});

/** The text of a mail, whichever way it was made fit for the wire. */
function plain(mail: string): string {
  const [head = "", ...body] = mail.split("\r\n\r\n");
  const text = body.join("\r\n\r\n");
  if (/^content-transfer-encoding: base64/imu.test(head)) return Buffer.from(text, "base64").toString("utf8");
  const bytes = text
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /quoted-printable/iu.test(head) ? Buffer.from(bytes, "latin1").toString("utf8") : text;
}

async function takePicture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  // What fades in has faded in.
  await page.waitForTimeout(700);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

import { describe, expect, test } from "vitest";
import { ConfigError, readConfig, settings } from "./config.ts";

test("with nothing set, defaults hold and no port was asked for", () => {
  const config = readConfig({});
  expect(config.http).toEqual({ port: 4100, isExplicit: false });
  expect(config.mqtt).toEqual({ port: 1883, isExplicit: false });
  expect(config.model).toBeUndefined();
});

test("a port that was asked for is explicit", () => {
  expect(readConfig({ WAREMIND_PORT: "4100" }).http.isExplicit).toBe(true);
});

test("a certificate with its key opens MQTT over TLS, on its usual port unless one is asked for", () => {
  const files = { WAREMIND_TLS_CERT: "/tls/server.pem", WAREMIND_TLS_KEY: "/tls/server.key" };
  expect(readConfig({}).mqttTls).toBeUndefined();
  expect(readConfig(files).mqttTls).toEqual({
    port: 8883,
    isExplicit: false,
    certificateFile: "/tls/server.pem",
    keyFile: "/tls/server.key",
  });
  expect(readConfig({ ...files, WAREMIND_MQTT_TLS_PORT: "8884" }).mqttTls).toMatchObject({
    port: 8884,
    isExplicit: true,
  });
});

test("CoAP is open unless it is switched off", () => {
  expect(readConfig({}).coap).toEqual({ port: 5683, isExplicit: false });
  expect(readConfig({ WAREMIND_COAP_PORT: "5690" }).coap).toEqual({ port: 5690, isExplicit: true });
  expect(readConfig({ WAREMIND_COAP: "off", WAREMIND_COAP_PORT: "5690" }).coap).toBeUndefined();
});

test("an empty variable counts as absent", () => {
  expect(readConfig({ WAREMIND_PORT: "", WAREMIND_DATABASE_URL: "" }).databaseUrl).toBeUndefined();
});

test.each([
  [{ WAREMIND_PORT: "http" }, /WAREMIND_PORT must be a whole number/],
  [{ WAREMIND_PORT: "70000" }, /WAREMIND_PORT must be between 0 and 65535/],
  [{ WAREMIND_DATABASE_URL: "mysql://x" }, /WAREMIND_DATABASE_URL must begin with postgresql/],
  [{ WAREMIND_TLS_CERT: "server.pem" }, /WAREMIND_TLS_KEY is not set/],
  [{ WAREMIND_TLS_KEY: "server.key" }, /WAREMIND_TLS_CERT is not set/],
  [{ WAREMIND_MQTT_TLS_PORT: "8883" }, /set WAREMIND_TLS_CERT and WAREMIND_TLS_KEY/],
  [{ WAREMIND_COAP_PORT: "coap" }, /WAREMIND_COAP_PORT must be a whole number/],
  [{ WAREMIND_COAP: "maybe" }, /WAREMIND_COAP must be on or off/],
  [{ WAREMIND_TRUSTED_PROXIES: "10.0.0.1,proxy" }, /WAREMIND_TRUSTED_PROXIES must be addresses or networks/],
  [{ WAREMIND_LLM_URL: "ollama" }, /WAREMIND_LLM_URL must be an http/],
  [{ WAREMIND_LLM_URL: "http://localhost:11434/v1" }, /WAREMIND_LLM_MODEL is not/],
])("a wrong setting is named with what would be right: %o", (environment, sentence) => {
  expect(() => readConfig(environment)).toThrow(ConfigError);
  expect(() => readConfig(environment)).toThrow(sentence);
});

test("trusted proxies are none, or those that are named", () => {
  expect(readConfig({}).trustedProxies).toEqual([]);
  const { trustedProxies } = readConfig({ WAREMIND_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8" });
  expect(trustedProxies).toEqual(["127.0.0.1", "10.0.0.0/8"]);
});

test.each(["10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/x", "10.0.0.1,"])(
  "%s names no proxy",
  (text) => {
    expect(() => readConfig({ WAREMIND_TRUSTED_PROXIES: text })).toThrow(ConfigError);
  },
);

test("every setting is in the help", () => {
  expect(settings.map((setting) => setting.name)).toContain("WAREMIND_DATABASE_URL");
  expect(new Set(settings.map((setting) => setting.name)).size).toBe(settings.length);
});

describe("the roles of a process", () => {
  const shared = {
    WAREMIND_DATABASE_URL: "postgresql://db/x",
    WAREMIND_NATS_URL: "nats://one:4222,nats://two",
  };

  test("are all of them unless some are named, which several processes share a store and a stream for", () => {
    expect(readConfig({}).roles).toEqual(["ingest", "worker", "api"]);
    expect(readConfig({}, { roles: "api,worker,ingest" }).nats).toBeUndefined();
    expect(readConfig(shared, { roles: " worker, ingest" })).toMatchObject({
      roles: ["ingest", "worker"],
      nats: { url: "nats://one:4222,nats://two", name: "waremind", replicas: 1 },
    });
  });

  test.each([
    [{}, "ingest", /needs WAREMIND_DATABASE_URL and WAREMIND_NATS_URL.*\n.*需要设置/],
    [{ WAREMIND_DATABASE_URL: "postgresql://db/x" }, "worker", /needs WAREMIND_DATABASE_URL and/],
    [shared, "ingest,web", /one or more of ingest, worker, api.*\n.*请填写/],
    [shared, "", /one or more of/],
    [{ WAREMIND_NATS_URL: "nats://x" }, undefined, /WAREMIND_DATABASE_URL is not.*\n.*PostgreSQL/],
    [{ ...shared, WAREMIND_NATS_URL: "http://x" }, undefined, /must begin with nats/],
    [{ ...shared, WAREMIND_NATS_NAME: "two words" }, undefined, /WAREMIND_NATS_NAME must be/],
    [{ ...shared, WAREMIND_NATS_REPLICAS: "2" }, undefined, /must be 1, 3 or 5/],
  ])("that cannot be had are refused: %o %s", (environment, roles, sentence) => {
    expect(() => readConfig(environment, { roles })).toThrow(ConfigError);
    expect(() => readConfig(environment, { roles })).toThrow(sentence);
  });
});

describe("e-mail and webhooks", () => {
  const mail = {
    WAREMIND_SMTP_URL: "smtp://desk:pass@mail.example:587",
    WAREMIND_MAIL_FROM: "W <a@b.example>",
  };

  test("a mail server needs a sender", () => {
    expect(readConfig(mail).mail).toEqual({ url: mail.WAREMIND_SMTP_URL, from: mail.WAREMIND_MAIL_FROM });
    expect(readConfig({}).mail).toBeUndefined();
    expect(() => readConfig({ WAREMIND_SMTP_URL: mail.WAREMIND_SMTP_URL })).toThrow(/WAREMIND_MAIL_FROM/u);
    expect(() => readConfig({ ...mail, WAREMIND_SMTP_URL: "https://mail.example" })).toThrow(/smtps? URL/u);
  });

  test("no private address is reached by a webhook unless it is named", () => {
    expect(readConfig({}).webhookNetworks).toEqual([]);
    const named = readConfig({ WAREMIND_WEBHOOK_NETWORKS: "10.0.0.0/8, ::1" });
    expect(named.webhookNetworks).toEqual(["10.0.0.0/8", "::1"]);
    expect(() => readConfig({ WAREMIND_WEBHOOK_NETWORKS: "inside" })).toThrow(/addresses or networks/u);
  });
});

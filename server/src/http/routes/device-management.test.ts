import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificates } from "../../../../tests/support/certificates.ts";
import { type ManagedShop, managedStartAt, openManagedShop } from "../../../../tests/support/managed-shop.ts";
import { type Role, rolePermissions, roles } from "../../people/index.ts";
import { tablesOf } from "../../platform/database.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { allRoutes } from "../server.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

async function rowsOf(statement: string): Promise<Record<string, unknown>[]> {
  const { rows } = await sql
    .raw<Record<string, unknown>>(statement)
    .execute(tablesOf<unknown>(shop.database));
  return rows;
}

const audited = async (kind: string) =>
  (await shop.guard.audit({ limit: 200 })).entries.filter((one) => one.kind === kind);
const openChannel = (deviceId: number) => {
  const closed: string[] = [];
  const attached = shop.devices.identityOf(deviceId).then((identity) => {
    if (identity === null) throw new Error("It is disabled.");
    return shop.deviceHub.attach(
      identity,
      {
        ...{ transport: "mqtt", wantsCommands: true, wantsAttributes: true },
        deliverCommand: (command) => {
          delivered.push(command.method);
          return Promise.resolve("acknowledged");
        },
        deliverAttributes: (change) => pushed.push(change.values),
        close: (reason) => closed.push(reason),
      },
      { isSession: true, address: "10.0.0.7" },
    );
  });
  const delivered: string[] = [];
  const pushed: unknown[] = [];
  return { closed, delivered, pushed, attached };
};

describe("devices", () => {
  test("a device is added, its token answered once, and only the token's hash kept", async () => {
    const made = await shop.ask("operations", "POST", "/api/devices", { name: "box-1", profileId: "cold" });
    expect(made.status).toBe(200);
    const token = made.body.token as string;
    expect(made.body.credential).toMatchObject({ kind: "access-token", token });
    expect((await shop.send(token, { temperature: 4 })).status).toBe(200);
    const detail = await shop.ask("operations", "GET", "/api/devices/box-1");
    expect(detail.body.device).toMatchObject({
      ...{
        name: "box-1",
        state: "active",
        isGateway: false,
        gatewayName: null,
        firmware: null,
        software: null,
      },
    });
    expect(detail.body.series).toMatchObject([{ key: "temperature", unit: "Cel", valueType: "number" }]);
    expect(detail.text).not.toContain(token);
    expect(JSON.stringify(await rowsOf("select * from device_credential"))).not.toContain(token);
    expect(JSON.stringify((await audited("device-created"))[0]?.body)).not.toContain(token);
  });

  test("a name that is taken, an unknown profile and an unknown device are said in both languages", async () => {
    await shop.addDevice("box-2");
    const taken = await shop.ask("owner", "POST", "/api/devices", { name: "box-2", profileId: "cold" });
    expect([taken.status, taken.body.code]).toEqual([409, "conflict"]);
    const profile = await shop.ask("owner", "POST", "/api/devices", { name: "box-x", profileId: "none" });
    expect([profile.status, profile.body.message.zh]).toEqual([404, "没有设备配置 none。"]);
    for (const [method, path] of [
      ["GET", ""],
      ["POST", ""],
      ["DELETE", ""],
      ["GET", "/credentials"],
      ["POST", "/credentials"],
      ["GET", "/attributes"],
      ["POST", "/attributes"],
      ["POST", "/server-attributes"],
      ["GET", "/commands"],
      ["POST", "/commands"],
      ["GET", "/history"],
      ["GET", "/readings.csv"],
      ["GET", "/readings.parquet"],
    ] as const) {
      const body = {
        ...{ kind: "access-token", values: {}, method: "open", idempotencyKey: "a-key-of-mine" },
      };
      const answer = await shop.ask(
        "owner",
        method,
        `/api/devices/nobody${path}`,
        method === "POST" ? body : undefined,
      );
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 404, "not-found"]);
      expect(answer.body.message.zh).toContain("nobody");
    }
  });

  test("a name with a slash, a space and Chinese is found again", async () => {
    await shop.addDevice("柜 A/1");
    const path = `/api/devices/${encodeURIComponent("柜 A/1")}`;
    expect((await shop.ask("owner", "GET", path)).body.device.name).toBe("柜 A/1");
    expect((await shop.ask("owner", "GET", `${path}/credentials`)).body.items).toHaveLength(1);
  });

  test("disabling a device ends its sessions and lets it in no more; enabling it does", async () => {
    const token = await shop.addDevice("box-3");
    const device = await shop.devices.findDevice("box-3");
    const { closed, attached } = openChannel(device?.id ?? 0);
    await attached;
    const edited = await shop.ask("integrator", "POST", "/api/devices/box-3", {
      state: "disabled",
      label: "Old",
    });
    expect(edited.body).toMatchObject({ state: "disabled", label: "Old" });
    expect(closed).toEqual(["device-disabled"]);
    expect((await shop.send(token, { temperature: 4 })).status).toBe(401);
    await shop.ask("owner", "POST", "/api/devices/box-3", { state: "active" });
    expect((await shop.send(token, { temperature: 4 })).status).toBe(200);
    expect((await audited("device-changed"))[0]?.body).toEqual({ name: "box-3", state: "active" });
  });

  test("a device is deleted with everything it measured, and its session ends", async () => {
    const token = await shop.addDevice("box-4");
    await shop.send(
      token,
      Array.from({ length: 30 }, (_, at) => ({
        ts: managedStartAt - at * 60_000,
        values: { temperature: at },
      })),
    );
    await shop.send(token, { temperature: "cold" });
    const device = await shop.devices.findDevice("box-4");
    const [series] = await shop.telemetry.seriesOfDevices([device?.id ?? 0]);
    const { closed, attached } = openChannel(device?.id ?? 0);
    await attached;
    expect(await rowsOf(`select * from reading where series_id = ${series?.id}`)).toHaveLength(30);
    expect((await shop.ask("operations", "DELETE", "/api/devices/box-4")).body).toEqual({ ok: true });
    expect(closed).toEqual(["device-deleted"]);
    await shop.telemetry.removeForgotten();
    for (const table of ["reading", "latest", "rollup"])
      expect([table, await rowsOf(`select * from ${table} where series_id = ${series?.id}`)]).toEqual([
        table,
        [],
      ]);
    for (const table of ["quarantine", "series", "device_credential"])
      expect([table, await rowsOf(`select * from ${table} where device_id = ${device?.id}`)]).toEqual([
        table,
        [],
      ]);
    expect((await shop.send(token, { temperature: 4 })).status).toBe(401);
    expect((await audited("device-deleted"))[0]?.body).toMatchObject({ name: "box-4", seriesCount: 1 });
  });

  test("a device that is bound is not deleted, and goes on", async () => {
    const token = await shop.addDevice("box-5");
    const device = await shop.devices.findDevice("box-5");
    await shop.send(token, { temperature: 4 });
    const binding = await shop.database.transaction((connection) =>
      shop.devices.bind(connection, {
        ...{ kind: "cell-stock", deviceId: device?.id ?? 0, seriesKey: "temperature", targetId: "cell-1" },
      }),
    );
    const refused = await shop.ask("owner", "DELETE", "/api/devices/box-5");
    expect([refused.status, refused.body.code]).toEqual([409, "state-forbids"]);
    expect(refused.body.message.en).toContain("cell-1");
    expect((await shop.send(token, { temperature: 5 })).status).toBe(200);
    await shop.database.transaction((connection) => shop.devices.unbind(connection, binding.id));
    expect((await shop.ask("owner", "DELETE", "/api/devices/box-5")).status).toBe(200);
  });

  test("the table has one small line for each device", async () => {
    await shop.addDevice("gate-1", { isGateway: true });
    const { body } = await shop.ask("support", "GET", "/api/device-rows");
    const rows = new Map((body.items as { name: string }[]).map((row) => [row.name, row]));
    expect(rows.size).toBe((await shop.devices.listDevices()).length);
    expect(rows.get("gate-1")).toMatchObject({
      ...{
        isGateway: true,
        state: "active",
        liveness: "never-heard",
        quarantinedCount: 0,
        limitsMetToday: 0,
      },
      ...{ boundLabel: null, firmware: null, gatewayName: null, transport: null },
    });
    expect(rows.get("box-1")).toMatchObject({ liveness: "heard", lastHeardAt: managedStartAt });
  });

  test("a list is tried first, then taken in; what is refused says why", async () => {
    const csv =
      "name,label,profile,gateway,token\nlist-1,One,cold,,\nlist-2,Two,cold,,token-of-list-2\nlist-3,Three,none,,\nbox-1,,cold,,\n";
    const tried = await shop.ask("integrator", "POST", "/api/device-imports?dryRun=true", csv);
    expect(tried.body).toMatchObject({ created: 2, existing: 1, refused: 1 });
    expect(await shop.devices.findDevice("list-1")).toBeNull();
    const done = await shop.ask("integrator", "POST", "/api/device-imports", csv);
    expect(done.body).toMatchObject({ created: 2, existing: 1, refused: 1 });
    expect((await shop.send("token-of-list-2", { temperature: 1 })).status).toBe(200);
    const refused = (done.body.rows as { outcome: string; message: { zh: string } }[]).find(
      (row) => row.outcome === "refused",
    );
    expect(refused?.message.zh).toContain("none");
    expect(JSON.stringify(await audited("devices-imported"))).not.toContain("token-of-list-2");
    expect(await audited("devices-imported")).toHaveLength(1);
  });
});

describe("credentials", () => {
  test("of each kind are given, told once, listed by their hint, and revoked", async () => {
    await shop.addDevice("box-6");
    const device = await shop.devices.findDevice("box-6");
    const give = (body: object) => shop.ask("operations", "POST", "/api/devices/box-6/credentials", body);
    const basic = await give({ kind: "basic", userName: "six", password: "pass-of-six" });
    expect(basic.body.credential).toMatchObject({ userName: "six", password: "pass-of-six" });
    const x509 = await give({ kind: "x509", pem: certificates.device });
    expect(x509.body.credential.fingerprint).toMatch(/^[\da-f]{64}$/u);
    expect((await give({ kind: "x509", pem: "no certificate" })).status).toBe(400);
    expect((await give({ kind: "access-token", token: "short" })).status).toBe(400);
    const again = await give({ kind: "basic", userName: "six", password: "pass-of-six" });
    expect([again.status, again.body.code]).toEqual([409, "conflict"]);
    const list = await shop.ask("support", "GET", "/api/devices/box-6/credentials");
    expect(list.body.items.map((one: { kind: string }) => one.kind).toSorted()).toEqual([
      "access-token",
      "basic",
      "x509",
    ]);
    const told = `${list.text}${JSON.stringify(await audited("credential-issued"))}${JSON.stringify(await rowsOf("select * from device_credential"))}`;
    expect(told).not.toContain("pass-of-six");
    expect(await audited("credential-issued")).toHaveLength(2);

    const { closed, attached } = openChannel(device?.id ?? 0);
    await attached;
    const presented = { kind: "connect", clientId: "x", userName: "six", password: "pass-of-six" } as const;
    expect((await shop.deviceCredentials.authenticate(presented))?.device.name).toBe("box-6");
    const revoked = await shop.ask(
      "integrator",
      "POST",
      `/api/credentials/${basic.body.credential.id}/revoke`,
    );
    expect(revoked.body).toEqual({ ok: true });
    expect(await shop.deviceCredentials.authenticate(presented)).toBeNull();
    expect(closed).toEqual(["credentials-revoked"]);
    expect((await shop.ask("owner", "POST", "/api/credentials/999999/revoke")).status).toBe(404);
    expect((await shop.ask("owner", "POST", "/api/credentials/99999999999/revoke")).status).toBe(400);
  });

  test("a device may begin with another kind, and then has no token", async () => {
    const made = await shop.ask("owner", "POST", "/api/devices", {
      ...{
        name: "box-7",
        profileId: "cold",
        credential: { kind: "basic", clientId: "box-7", password: "secret-seven" },
      },
    });
    expect(made.body).toMatchObject({ token: null, credential: { kind: "basic", clientId: "box-7" } });
    const refused = await shop.ask("owner", "POST", "/api/devices", {
      ...{ name: "box-8", profileId: "cold", credential: { kind: "access-token", token: "tiny" } },
    });
    expect(refused.status).toBe(400);
    expect(await shop.devices.findDevice("box-8")).toBeNull();
  });
});

describe("attributes and commands", () => {
  test("values that a person sets keep their digits, on the way to the device and on the screen", async () => {
    await shop.addDevice("box-digits");
    const values = '{"serial":9223372036854775808,"share":0.12345678901234567890,"limit":4.5}';
    const kept = { serial: "9223372036854775808", share: "0.12345678901234567890", limit: 4.5 };
    const set = await shop.ask(
      ...(["owner", "POST", "/api/devices/box-digits/attributes"] as const),
      `{"values":${values},"idempotencyKey":"digits-0001"}`,
    );
    expect([set.status, set.body.decision.verdict]).toEqual([200, "allow"]);
    await shop.ask("owner", "POST", "/api/devices/box-digits/server-attributes", `{"values":${values}}`);
    const seen = await shop.ask("owner", "GET", "/api/devices/box-digits/attributes");
    const of = (scope: string) =>
      Object.fromEntries(
        seen.body.items
          .filter((one: { scope: string }) => one.scope === scope)
          .map((one: { key: string; value: unknown }) => [one.key, one.value]),
      );
    expect([of("shared"), of("server")]).toEqual([kept, kept]);
  });
  const key = (text: string) => `key-of-${text}`;

  test("what we want goes through the guard to the device, and what it says otherwise is told", async () => {
    await shop.addDevice("box-10");
    const device = await shop.devices.findDevice("box-10");
    const { pushed, attached } = openChannel(device?.id ?? 0);
    await attached;
    const body = { values: { target: 3, mode: { a: 1, b: 2 } }, idempotencyKey: key("shared-1") };
    const set = await shop.ask("integrator", "POST", "/api/devices/box-10/attributes", body);
    expect(set.body).toMatchObject({ decision: { verdict: "allow" }, approvalId: null });
    expect(set.body.receiptId).toMatch(/^rcp_/u);
    expect(pushed).toEqual([{ target: 3, mode: { a: 1, b: 2 } }]);
    // The same again is the same act.
    const again = await shop.ask("integrator", "POST", "/api/devices/box-10/attributes", body);
    expect(again.body.receiptId).toBe(set.body.receiptId);
    expect(pushed).toHaveLength(1);
    await shop.database.transaction((connection) =>
      shop.deviceAttributes.write(connection, {
        ...{
          deviceId: device?.id ?? 0,
          scope: "client",
          by: "mqtt",
          values: { target: 4, mode: { b: 2, a: 1 } },
        },
      }),
    );
    const seen = await shop.ask("support", "GET", "/api/devices/box-10/attributes");
    expect(seen.body.items).toHaveLength(4);
    expect(seen.body.delta).toMatchObject([{ key: "target", desired: 3, reported: 4 }]);
  });

  test("a role that may ask is still judged by the guard", async () => {
    await shop.addDevice("box-11");
    const answer = await shop.ask("warehouse", "POST", "/api/devices/box-11/attributes", {
      ...{ values: { target: 3 }, idempotencyKey: key("shared-2") },
    });
    expect([answer.status, answer.body.decision.verdict, answer.body.receiptId]).toEqual([200, "deny", null]);
    const seen = await shop.ask("owner", "GET", "/api/devices/box-11/attributes");
    expect(seen.body.items).toEqual([]);
  });

  test("what we note for ourselves is ours alone, and its values stand in no log", async () => {
    await shop.addDevice("box-12");
    const answer = await shop.ask("integrator", "POST", "/api/devices/box-12/server-attributes", {
      ...{ values: { owner: "someone's name" }, deletedKeys: [] },
    });
    expect(answer.body).toEqual({ ok: true });
    const seen = await shop.ask("owner", "GET", "/api/devices/box-12/attributes");
    expect(seen.body.items).toMatchObject([{ scope: "server", key: "owner", updatedBy: "The integrator" }]);
    const [entry] = await audited("server-attributes-changed");
    expect(entry?.body).toEqual({ deviceName: "box-12", keys: ["owner"], deletedKeys: [] });
  });

  test("support asks for a physical command: it waits for the owner, and nothing is sent", async () => {
    await shop.addDevice("box-support");
    const asked = await shop.ask("support", "POST", "/api/devices/box-support/commands", {
      ...{ method: "open", params: { door: 2 }, idempotencyKey: key("command-support") },
    });
    expect(asked.body).toMatchObject({
      ...{ decision: { verdict: "needs-approval", level: "owner" }, receiptId: null, command: null },
      approvalId: expect.any(String),
    });
    const changed = await shop.ask("support", "POST", "/api/devices/box-support/attributes", {
      ...{ values: { setPoint: 4 }, idempotencyKey: key("attributes-support") },
    });
    expect(changed.body).toMatchObject({ decision: { verdict: "deny" }, approvalId: null });
    const { body } = await shop.ask("owner", "GET", "/api/devices/box-support/commands");
    expect(body.items).toEqual([]);
  });

  test("a command is sent, waited for, and answered by its device", async () => {
    const token = await shop.addDevice("box-13");
    const device = await shop.devices.findDevice("box-13");
    const { delivered, attached } = openChannel(device?.id ?? 0);
    await attached;
    const waiting = shop.ask("warehouse", "POST", "/api/devices/box-13/commands", {
      ...{ method: "open", params: { door: 2 }, idempotencyKey: key("command-1"), waitMs: 20_000 },
    });
    let number = 0;
    while (delivered.length === 0 || number === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      number = (await shop.deviceCommands.list({ deviceId: device?.id ?? 0, limit: 1 }))[0]?.number ?? 0;
    }
    const replied = await shop.app.request(`/api/v1/${token}/rpc/${number}`, {
      ...{ method: "POST", body: '{"isOpen":true}' },
    });
    expect(replied.status).toBe(200);
    const answer = await waiting;
    expect(answer.body).toMatchObject({
      ...{ decision: { verdict: "allow" }, approvalId: null },
      command: { state: "successful", answer: { isOpen: true }, method: "open", deviceName: "box-13" },
    });
    const list = await shop.ask("support", "GET", "/api/devices/box-13/commands");
    expect(list.body.items).toHaveLength(1);
    expect(list.text).not.toContain(key("command-1"));
    const before = await shop.ask("support", "GET", `/api/devices/box-13/commands?before=${number}`);
    expect(before.body.items).toEqual([]);
    const beyond = "/api/devices/box-13/commands?before=2147483648";
    expect((await shop.ask("support", "GET", beyond)).status).toBe(400);
  });

  test("parameters that the profile does not know are denied with the reason", async () => {
    await shop.addDevice("box-14");
    const answer = await shop.ask("owner", "POST", "/api/devices/box-14/commands", {
      ...{ method: "open", params: { door: 9 }, idempotencyKey: key("command-2") },
    });
    expect(answer.body).toMatchObject({
      decision: { verdict: "deny", code: "parameter-invalid" },
      command: null,
    });
  });

  test("a command is taken back by who sent it, or by an owner or operations, and by nobody else", async () => {
    await shop.addDevice("box-cancel");
    const send = async (role: Role, door: number): Promise<string> => {
      const answer = await shop.ask(role, "POST", "/api/devices/box-cancel/commands", {
        ...{ method: "open", params: { door }, isPersistent: true, idempotencyKey: key(`cancel-${door}`) },
      });
      return answer.body.command.id;
    };
    const cancel = async (role: Role, id: string) => shop.ask(role, "DELETE", `/api/commands/${id}`);
    const [first, second, third] = [
      await send("operations", 1),
      await send("operations", 2),
      await send("owner", 3),
    ];
    const refused = await cancel("support", first);
    expect([refused.status, refused.body.code]).toEqual([403, "not-allowed"]);
    expect([refused.body.message.en, refused.body.message.zh]).toEqual([
      expect.stringContaining("Somebody else"),
      expect.stringContaining("他人"),
    ]);
    expect((await cancel("integrator", third)).status).toBe(403);
    expect([(await cancel("operations", first)).status, (await cancel("owner", second)).status]).toEqual([
      200, 200,
    ]);
    expect((await cancel("operations", third)).status).toBe(200);
  });

  test("a command that still waits is taken back, once", async () => {
    await shop.addDevice("box-15");
    const sent = await shop.ask("operations", "POST", "/api/devices/box-15/commands", {
      ...{ method: "open", params: { door: 1 }, isPersistent: true, idempotencyKey: key("command-3") },
    });
    expect(sent.body.command.state).toBe("queued");
    const path = `/api/commands/${sent.body.command.id}`;
    expect((await shop.ask("operations", "DELETE", path)).body).toEqual({ ok: true });
    expect((await shop.ask("operations", "DELETE", path)).status).toBe(409);
    expect((await shop.ask("operations", "DELETE", "/api/commands/cmd_none")).status).toBe(404);
    const list = await shop.ask("owner", "GET", "/api/devices/box-15/commands");
    expect(list.body.items).toMatchObject([{ state: "deleted" }]);
  });
});

describe("profiles", () => {
  const parts = { name: { en: "Scale", zh: "秤" }, keys: [], expectedIntervalSeconds: 30 };

  test("are made, read and changed; an edit of an old version is refused", async () => {
    const made = await shop.ask("integrator", "POST", "/api/profiles", { id: "scale", ...parts });
    expect(made.body).toMatchObject({
      id: "scale",
      version: 1,
      name: parts.name,
      deviceCount: 0,
      provisioning: { strategy: "disabled", hasSecret: false },
    });
    expect((await shop.ask("owner", "POST", "/api/profiles", { id: "scale", ...parts })).status).toBe(409);
    const edit = (version: number, change: object) =>
      shop.ask("operations", "POST", "/api/profiles/scale", { version, ...change });
    const named = await edit(1, { name: { en: "Big scale", zh: "大秤" } });
    expect(named.body).toMatchObject({ version: 2, name: { en: "Big scale" }, expectedIntervalSeconds: 30 });
    const late = await edit(1, { expectedIntervalSeconds: 5 });
    expect([late.status, late.body.code]).toEqual([409, "conflict"]);
    expect((await shop.ask("owner", "GET", "/api/profiles/scale")).body.expectedIntervalSeconds).toBe(30);
    expect((await shop.ask("owner", "GET", "/api/profiles/none")).status).toBe(404);
    const cold = (await shop.ask("support", "GET", "/api/profiles")).body.items.find(
      (one: { id: string }) => one.id === "cold",
    );
    expect(cold.deviceCount).toBe((await shop.devices.listDevices()).length);
  });

  test("a provisioning secret is set and never told", async () => {
    const { version } = (await shop.ask("owner", "GET", "/api/profiles/cold")).body;
    const secret = "a-secret-of-provisioning";
    const set = await shop.ask("owner", "POST", "/api/profiles/cold", {
      ...{ version, provisioning: { strategy: "allow-create-new", key: "cold-key-of-shop", secret } },
    });
    expect(set.body.provisioning).toMatchObject({
      strategy: "allow-create-new",
      key: "cold-key-of-shop",
      hasSecret: true,
    });
    const told = `${set.text}${JSON.stringify(await audited("profile-changed"))}${JSON.stringify(await rowsOf("select * from profile"))}`;
    expect(told).not.toContain(secret);
  });

  test("keep the unit in which a key is sent; one that cannot be converted is refused with the reason", async () => {
    const keyOf = (unit: string | null, sentUnit: string) => {
      const open = { min: null, max: null, decimals: null };
      return { ...parts, id: "thermometer", keys: [{ key: "t", type: "number", unit, sentUnit, ...open }] };
    };
    for (const [unit, sentUnit, reason] of [
      ["Cel", "kg", "measure different things"],
      ["Cel", "celsius", "not a UCUM unit"],
      [null, "Cel", "only a number with a unit"],
    ] as const) {
      const refused = await shop.ask("owner", "POST", "/api/profiles", keyOf(unit, sentUnit));
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(reason)]);
    }
    const made = await shop.ask("owner", "POST", "/api/profiles", keyOf("Cel", "[degF]"));
    expect(made.body.keys).toMatchObject([{ unit: "Cel", sentUnit: "[degF]" }]);
    const { keys } = keyOf("Cel", "g");
    const edited = await shop.ask("owner", "POST", "/api/profiles/thermometer", { version: 1, keys });
    expect(edited.status).toBe(400);
  });

  test("keys that come twice, ranges upside down and schemas that are none are refused", async () => {
    const keyOf = (min: number, max: number) => ({
      key: "w",
      type: "number",
      unit: null,
      min,
      max,
      decimals: null,
    });
    for (const change of [
      { keys: [keyOf(0, 1), keyOf(0, 1)] },
      { keys: [keyOf(5, 1)] },
      {
        transport: {
          payloadType: "protobuf",
          protobuf: { telemetry: "no schema", attributes: "", commandRequest: "", commandResponse: "" },
        },
      },
    ]) {
      const answer = await shop.ask("owner", "POST", "/api/profiles", { id: "odd", ...parts, ...change });
      expect([JSON.stringify(change), answer.status]).toEqual([JSON.stringify(change), 400]);
    }
    expect((await shop.ask("owner", "GET", "/api/profiles/odd")).status).toBe(404);
  });
});

describe("quarantine, history and readings", () => {
  test("a message is held back, taken in once its profile allows it, or kept out", async () => {
    const token = await shop.addDevice("box-20");
    await shop.send(token, { ts: managedStartAt - 5, values: { temperature: 80 } });
    await shop.send(token, { temperature: "warm" });
    const held = await shop.ask("warehouse", "GET", "/api/quarantine?device=box-20");
    expect(held.body.total).toBe(2);
    const [text, hot] = held.body.items as { id: number; reason: string }[];
    expect([text?.reason, hot?.reason]).toEqual(["type-mismatch", "out-of-range"]);
    expect(
      (await shop.ask("warehouse", "GET", `/api/quarantine?device=box-20&before=${text?.id}`)).body.items,
    ).toHaveLength(1);
    const still = await shop.ask("integrator", "POST", `/api/quarantine/${hot?.id}/release`);
    expect(still.body).toMatchObject({ stored: 0, stillRefused: [{ reason: "out-of-range" }] });
    const { version, keys } = (await shop.ask("owner", "GET", "/api/profiles/cold")).body;
    await shop.ask("owner", "POST", "/api/profiles/cold", { version, keys: [{ ...keys[0], max: 90 }] });
    const released = await shop.ask("operations", "POST", `/api/quarantine/${hot?.id}/release`);
    expect(released.body).toEqual({ stored: 1, stillRefused: [] });
    expect((await shop.ask("owner", "POST", `/api/quarantine/${text?.id}/discard`)).body).toEqual({
      ok: true,
    });
    expect((await shop.ask("owner", "POST", `/api/quarantine/${text?.id}/release`)).status).toBe(409);
    expect((await shop.ask("owner", "POST", "/api/quarantine/999999/release")).status).toBe(404);
    const gone = await shop.ask("owner", "GET", "/api/quarantine?device=box-20&state=discarded");
    expect(gone.body.items).toMatchObject([{ decidedBy: "The owner", deviceName: "box-20" }]);
  });

  test("who came and went, and the limits that were met", async () => {
    await shop.addDevice("box-21");
    const device = await shop.devices.findDevice("box-21");
    const { attached } = openChannel(device?.id ?? 0);
    (await attached).detach("keep-alive-timeout");
    await shop.deviceHub.settled();
    shop.limitLedger.note({
      deviceId: device?.id ?? 0,
      limitName: "messages",
      allowed: "20:1",
      observed: 31,
    });
    const { body } = await shop.ask("auditor", "GET", "/api/devices/box-21/history");
    expect(body.connections).toMatchObject([
      { kind: "disconnected", reason: "keep-alive-timeout" },
      { kind: "connected", transport: "mqtt", address: "10.0.0.7" },
    ]);
    expect(body.limits).toMatchObject([{ limitName: "messages", allowed: "20:1", worst: 31, times: 1 }]);
    expect(body.limits[0].deviceId).toBeUndefined();
    expect(
      (await shop.ask("owner", "GET", "/api/device-rows")).body.items.find(
        (row: { name: string }) => row.name === "box-21",
      ).limitsMetToday,
    ).toBe(1);
  });

  test("readings come as a file, verbatim, of one series or of some", async () => {
    const token = await shop.addDevice("box-22");
    await shop.send(token, [
      { ts: managedStartAt - 2, values: { temperature: 4.5, serial: "00012345600012" } },
      { ts: managedStartAt - 1, values: { serial: '241408E4, "x"', note: "🧊" } },
    ]);
    const whole = await shop.ask(
      "support",
      "GET",
      "/api/devices/box-22/readings.csv?keys=serial,temperature",
    );
    expect(whole.headers.get("content-type")).toContain("text/csv");
    expect(whole.headers.get("content-disposition")).toContain("box-22.csv");
    const lines = whole.text.trim().split("\r\n");
    expect(lines).toHaveLength(4);
    expect(whole.text).toContain("00012345600012");
    expect(whole.text).toContain('"241408E4, ""x"""');
    expect(whole.text).not.toContain("🧊");
    const { series } = (await shop.ask("owner", "GET", "/api/devices/box-22")).body;
    const note = series.find((one: { key: string }) => one.key === "note");
    expect((await shop.ask("owner", "GET", `/api/series/${note.seriesId}/readings.csv`)).text).toContain(
      "🧊",
    );
    const narrow = await shop.ask(
      "owner",
      "GET",
      `/api/devices/box-22/readings.csv?keys=serial&to=${managedStartAt - 2}`,
    );
    expect(narrow.text.trim().split("\r\n")).toHaveLength(2);
    expect((await shop.ask("owner", "GET", "/api/devices/box-22/readings.csv?keys=none")).status).toBe(404);
    expect((await shop.ask("owner", "GET", "/api/series/999999/readings.csv")).status).toBe(404);
    const parquet = await shop.ask("owner", "GET", "/api/devices/box-22/readings.parquet?keys=serial");
    expect(parquet.headers.get("content-type")).toBe("application/vnd.apache.parquet");
    expect(parquet.headers.get("content-disposition")).toContain("box-22.parquet");
    expect([parquet.text.slice(0, 4), parquet.text.slice(-4)]).toEqual(["PAR1", "PAR1"]);
    expect(parquet.text).toContain("00012345600012");
    const curve = await shop.ask(
      "owner",
      "GET",
      `/api/series/${series.find((one: { key: string }) => one.key === "temperature").seriesId}/curve`,
    );
    expect(curve.body).toMatchObject({
      deviceName: "box-22",
      points: [[managedStartAt - 2, 4.5]],
      rawCount: 1,
    });
    const { seriesId } = series.find((one: { key: string }) => one.key === "temperature");
    const gaps = await shop.ask("owner", "GET", `/api/series/${seriesId}/gaps`);
    expect(gaps.body).toEqual({ seriesId, longestSilenceSeconds: 180, gaps: [], isCut: false });
    expect((await shop.ask("owner", "GET", "/api/series/999999/gaps")).status).toBe(404);
  });
});

describe("who may", () => {
  /** The guard decides what comes of it: for support a physical act waits for the owner. */
  const commanders: readonly Role[] = ["owner", "operations", "support", "warehouse", "integrator"];
  /** Each change with the roles that may ask for it. */
  const changes: readonly (readonly [string, string, readonly Role[]])[] = [
    ["POST", "/api/devices", ["owner", "operations", "integrator"]],
    ["DELETE", "/api/devices/x", ["owner", "operations", "integrator"]],
    ["POST", "/api/device-imports", ["owner", "operations", "integrator"]],
    ["POST", "/api/devices/x/credentials", ["owner", "operations", "integrator"]],
    ["POST", "/api/credentials/1/revoke", ["owner", "operations", "integrator"]],
    ["POST", "/api/profiles", ["owner", "operations", "integrator"]],
    ["POST", "/api/devices/x/commands", commanders],
    ["POST", "/api/devices/x/attributes", commanders],
    ["DELETE", "/api/commands/x", commanders],
    ["POST", "/api/quarantine/1/release", ["owner", "operations", "integrator"]],
    ["POST", "/api/quarantine/1/discard", ["owner", "operations", "integrator"]],
    ["POST", "/api/imports/thingsboard", ["owner"]],
    ["GET", "/api/device-rows", roles.filter((role) => rolePermissions[role].includes("devices.read"))],
  ];

  test.each(changes)("%s %s", async (method, path, allowed) => {
    for (const role of roles) {
      const { status } = await shop.ask(role, method, path, method === "POST" ? "" : undefined);
      expect([role, status === 403]).toEqual([role, !allowed.includes(role)]);
    }
    const stranger = await shop.app.request(path, { method });
    expect(stranger.status).toBe(401);
  });

  test("another site's page may not ask for a change in a signed-in person's name", async () => {
    const answer = await shop.app.request("/api/device-imports", {
      ...{ method: "POST", body: "name\nx\n" },
      headers: { cookie: "owner", origin: "https://evil.example", host: "desk.example" },
    });
    expect(answer.status).toBe(403);
  });

  test("a list that is too large is refused before it is read, also for who is let in", async () => {
    const answer = await shop.ask(
      "owner",
      "POST",
      "/api/device-imports",
      `name\n${"x".repeat(5 * 1024 * 1024)}`,
    );
    expect([answer.status, answer.body.code]).toEqual([413, "payload-too-large"]);
    const stranger = await shop.app.request("/api/device-imports", {
      ...{ method: "POST", body: "x".repeat(5 * 1024 * 1024) },
    });
    expect(stranger.status).toBe(401);
  });

  test("every route stands in the OpenAPI document", async () => {
    const { paths } = (await shop.ask("owner", "GET", "/api/openapi.json")).body;
    expect(Object.keys(paths["/api/devices/{name}"])).toEqual(
      expect.arrayContaining(["get", "post", "delete"]),
    );
    expect(paths["/api/device-imports"].post.requestBody.content["text/csv"]).toBeDefined();
    expect(paths["/api/devices/{name}/readings.csv"].get.responses["200"].content["text/csv"]).toBeDefined();
    for (const route of allRoutes({} as HttpDependencies))
      expect([route.path, paths[route.path]?.[route.method] === undefined]).toEqual([route.path, false]);
  });
});

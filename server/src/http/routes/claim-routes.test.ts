import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, openManagedShop } from "../../../../tests/support/managed-shop.ts";
import { rolePermissions, roles } from "../../people/index.ts";
import { claimsPerDeviceMax, claimsPerPersonMax, claimWindowMs } from "./claim-routes.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

/** A device that asked to be claimed, over HTTP as devices do. */
async function waiting(name: string, claim: object): Promise<void> {
  const token = await shop.addDevice(name);
  const path = `/api/v1/${token}/claim`;
  expect((await shop.app.request(path, { method: "POST", body: JSON.stringify(claim) })).status).toBe(200);
}
const claim = (body: object, role: Parameters<ManagedShop["ask"]>[0] = "integrator") =>
  shop.ask(role, "POST", "/api/claims", body);
const audited = async () =>
  (await shop.guard.audit({ limit: 200 })).entries.filter(({ kind }) => kind === "device-claimed");

test("who knows the secret closes the claim once, names the device, and the audit knows who and not the secret", async () => {
  await waiting("claim-1", { secretKey: "on-the-label" });
  const done = await claim({ deviceName: "claim-1", secret: "on-the-label", label: "Cold room 3" });
  expect([done.status, done.body.device]).toMatchObject([200, { name: "claim-1", label: "Cold room 3" }]);
  expect((await shop.devices.findDevice("claim-1"))?.label).toBe("Cold room 3");
  const [entry] = await audited();
  expect(entry).toMatchObject({
    ...{ actor: { userId: "user-integrator" }, body: { name: "claim-1", label: "Cold room 3" } },
  });
  expect(JSON.stringify(await audited())).not.toContain("on-the-label");
  expect((await claim({ deviceName: "claim-1", secret: "on-the-label" })).status).toBe(404);
});

test("a device that asks for no secret is claimed without one, and keeps its label", async () => {
  await waiting("claim-2", {});
  await shop.ask("owner", "POST", "/api/devices/claim-2", { label: "As it was" });
  expect((await claim({ deviceName: "claim-2", secret: "" })).body.device.label).toBe("As it was");
});

test("an unknown name, a closed window and a wrong secret are answered alike", async () => {
  await waiting("claim-3", { secretKey: "right", durationMs: 60_000 });
  await shop.addDevice("claim-4");
  const answer = async (deviceName: string, secret: string) => {
    const { status, text } = await claim({ deviceName, secret });
    return [status, text.replaceAll(deviceName, "X")];
  };
  const wrong = await answer("claim-3", "wrong");
  const [unknown, never] = [await answer("nobody", "right"), await answer("claim-4", "right")];
  shop.clock.advance(60_001);
  const late = await answer("claim-3", "right");
  expect(wrong[0]).toBe(404);
  expect([unknown, never, late]).toEqual([wrong, wrong, wrong]);
});

test("guesses at one device end, also by several people; a right secret after the pause is taken", async () => {
  await waiting("claim-5", { secretKey: "right" });
  for (let attempt = 0; attempt < claimsPerDeviceMax; attempt += 1)
    await claim({ deviceName: "claim-5", secret: `guess-${attempt}` }, attempt % 2 ? "owner" : "operations");
  const refused = await claim({ deviceName: "claim-5", secret: "right" }, "owner");
  expect([refused.status, refused.body.code]).toEqual([429, "rate-limited"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  shop.clock.advance(claimWindowMs);
  expect((await claim({ deviceName: "claim-5", secret: "right" }, "owner")).status).toBe(200);
});

test("a person's guesses over many names end as well", async () => {
  shop.clock.advance(claimWindowMs);
  const statuses: number[] = [];
  for (let attempt = 0; attempt <= claimsPerPersonMax; attempt += 1)
    statuses.push((await claim({ deviceName: `none-${attempt}`, secret: "x" }, "operations")).status);
  expect([statuses.at(-2), statuses.at(-1)]).toEqual([404, 429]);
  expect((await claim({ deviceName: "none", secret: "x" }, "owner")).status).toBe(404);
});

test("only who may change devices may claim one", async () => {
  for (const role of roles) {
    const may = rolePermissions[role].includes("devices.write");
    expect([role, (await claim({ deviceName: "" }, role)).status]).toEqual([role, may ? 400 : 403]);
  }
  const stranger = await shop.app.request("/api/claims", { method: "POST", body: "{}" });
  expect(stranger.status).toBe(401);
});

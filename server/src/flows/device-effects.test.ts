import type { Action, Actor, LiveEvent } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openSmallShop, type SmallShop, shopStartAt } from "../../../tests/support/small-shop.ts";
import { createDeviceAttributes, createDeviceCommands } from "../devices/index.ts";
import { type Actions, createActions } from "./act.ts";

const owner = { kind: "person" as const, userId: "u", name: "Lin", roles: ["owner"] };
const support: Actor = { kind: "person", userId: "s", name: "Wu", roles: ["support"] };
const customer: Actor = { kind: "customer", customerId: "cus-1", sessionId: "s" };
const stranger: Actor = { kind: "customer", customerId: "cus-2", sessionId: "s" };

let shop: SmallShop;
let actions: Actions;
let commands: ReturnType<typeof createDeviceCommands>;
let attributes: ReturnType<typeof createDeviceAttributes>;
let deviceId = 0;
let told: string[] = [];
let events: LiveEvent[] = [];

beforeAll(async () => {
  shop = await openSmallShop();
  const { database, clock } = shop;
  commands = createDeviceCommands({ database, clock });
  attributes = createDeviceAttributes({ database, clock });
  shop.bus.subscribe((event) => events.push(event));
  deviceId = await database.transaction(async (connection) => {
    await shop.devices.createProfile(connection, {
      ...{ id: "locker", nameEn: "Locker", nameZh: "柜", keys: [], expectedIntervalSeconds: 60 },
      commands: [
        {
          ...{ method: "open", name: { en: "Open the door", zh: "打开柜门" } },
          ...{ isPhysical: true, isOneWay: false, parameters: [] },
        },
      ],
    });
    return (await shop.devices.createDevice(connection, { name: "locker-1", label: "", profileId: "locker" }))
      .id;
  });
  actions = createActions({
    ...shop,
    ...{ deviceCommands: commands, deviceAttributes: attributes },
    deviceHub: {
      dispatch: (id) => void told.push(`dispatch ${id}`),
      pushAttributes: (id, change) => void told.push(`push ${id} ${JSON.stringify(change)}`),
    },
  });
});
afterAll(() => shop.database.close());

let keyCount = 0;
const nextKey = (): string => {
  keyCount += 1;
  return `the-key-${keyCount}`;
};
beforeEach(() => {
  shop.clock.set(shopStartAt);
  told = [];
  events = [];
});

type Send = Extract<Action, { name: "send-command" }>;
type Set = Extract<Action, { name: "set-attributes" }>;
const send = (changes: Partial<Send> = {}): Send => ({
  ...{ name: "send-command", deviceName: "locker-1", method: "open", params: {}, isOneWay: false },
  ...{ isPersistent: true, lifetimeMs: 60_000, idempotencyKey: nextKey() },
  ...changes,
});
const set = (changes: Partial<Set> = {}): Set => ({
  ...{ name: "set-attributes", deviceName: "locker-1", values: {}, deletedKeys: [] },
  idempotencyKey: nextKey(),
  ...changes,
});
const propose = (action: Action, actor: Actor = owner) =>
  actions.propose({ actor, action, conversationId: null, evidenceRecordId: null });
const decide = (approvalId: string | null, verdict: "grant" | "deny" = "grant") =>
  actions.decide({ approvalId: approvalId ?? "", person: owner, verdict, note: "" });
const mine = () => commands.list({ deviceId, limit: 500 });

describe("a command", () => {
  test("is queued with its receipt, and the hub hears of it after the commit", async () => {
    const proposal = await propose(send({ params: {} }));
    expect(proposal.decision).toMatchObject({ verdict: "allow", clause: { clauseId: "device-control" } });
    const receipt = await shop.guard.findReceipt(proposal.receiptId ?? "");
    const [effect] = receipt?.effects ?? [];
    expect(effect).toMatchObject({ table: "device_command" });
    expect(await commands.find(effect?.id ?? "")).toMatchObject({
      ...{ state: "queued", receiptId: proposal.receiptId, requestedBy: owner, deviceName: "locker-1" },
      expiresAt: shopStartAt + 60_000,
    });
    expect(told).toEqual([`dispatch ${deviceId}`]);
    expect(events).toEqual([
      { kind: "command-changed", commandId: effect?.id, deviceName: "locker-1", state: "queued" },
    ]);
  });

  test("repeated with its key answers the first receipt, also many times at once, and is queued once", async () => {
    const action = send();
    const before = (await mine()).length;
    const proposals = await Promise.all(Array.from({ length: 10 }, () => propose(action)));
    expect(new Set(proposals.map(({ receiptId }) => receiptId)).size).toBe(1);
    expect((await mine()).length).toBe(before + 1);
    expect(told).toHaveLength(1);
  });

  test("with the key of another request is a conflict and changes nothing, of either kind", async () => {
    const { idempotencyKey } = await send();
    await propose(send({ idempotencyKey }));
    const before = (await mine()).length;
    for (const action of [
      send({ idempotencyKey, isOneWay: true }),
      send({ idempotencyKey, lifetimeMs: 61_000 }),
      set({ idempotencyKey, values: { a: 1 } }),
    ])
      await expect(propose(action)).rejects.toMatchObject({ code: "conflict" });
    expect((await mine()).length).toBe(before);
    expect(told).toHaveLength(1);
  });

  test("two different requests with one key at once: one runs, the other is a conflict", async () => {
    const idempotencyKey = nextKey();
    const answers = await Promise.allSettled([
      propose(send({ idempotencyKey })),
      propose(set({ idempotencyKey, values: { race: 1 } })),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const refused = answers.find(({ status }) => status === "rejected");
    expect(refused).toMatchObject({ reason: { code: "conflict" } });
  });

  test("that is refused leaves neither a row nor a receipt, and nobody hears of it", async () => {
    const before = (await mine()).length;
    await expect(propose(send({ method: "reboot", params: { text: "\0" } }))).rejects.toMatchObject({
      code: "invalid-input",
    });
    const denied = await propose(send({ params: { door: 3 } }));
    expect(denied).toMatchObject({ decision: { code: "parameter-invalid" }, receiptId: null });
    expect((await propose(send({ deviceName: "none" }))).decision).toMatchObject({ code: "not-found" });
    expect((await mine()).length).toBe(before);
    expect([told, events]).toEqual([[], []]);
  });

  test("of a customer waits for the owner, says what would be sent, and runs once when granted", async () => {
    const action = send();
    const asked = await propose(action, customer);
    expect(asked).toMatchObject({ decision: { verdict: "needs-approval", level: "owner" }, receiptId: null });
    expect(told).toEqual([]);
    const approval = await shop.guard.findApproval(asked.approvalId ?? "");
    expect(approval?.summary).toEqual({
      en: "Send “Open the door” to locker-1 (open {}).",
      zh: "向 locker-1 发送“打开柜门”（open {}）。",
    });
    expect((await propose(action, customer)).approvalId).toBe(asked.approvalId);
    const [granted, again] = [await decide(asked.approvalId), await decide(asked.approvalId)];
    expect(granted.receipt).not.toBeNull();
    expect(again.receipt?.id).toBe(granted.receipt?.id);
    expect(told).toEqual([`dispatch ${deviceId}`]);
    expect(await commands.find(granted.receipt?.effects[0]?.id ?? "")).toMatchObject({
      requestedBy: customer,
    });
    expect(granted.receipt?.actor).toEqual(owner);
    expect((await propose(action, customer)).receiptId).toBe(granted.receipt?.id);
    expect((await propose(action, stranger)).receiptId).toBeNull();
  });

  test("whose key was asked for is not another request's, run or not", async () => {
    const action = send();
    await propose(action, support);
    await expect(propose({ ...action, isOneWay: true })).rejects.toMatchObject({ code: "conflict" });
  });

  test("that the owner denied is not sent", async () => {
    const asked = await propose(send(), support);
    expect(await decide(asked.approvalId, "deny")).toMatchObject({ receipt: null });
    expect(told).toEqual([]);
  });

  test("whose device was disabled since fails at the grant with the reason", async () => {
    const asked = await propose(send(), support);
    await shop.query(`update device set state = 'disabled' where id = ${deviceId}`);
    const failed = await decide(asked.approvalId);
    await shop.query(`update device set state = 'active' where id = ${deviceId}`);
    expect(failed).toMatchObject({ approval: { state: "failed" }, receipt: null });
    expect(failed.approval.note).toContain("is disabled");
    expect(told).toEqual([]);
  });
});

describe("attributes", () => {
  test("are written as shared ones by the person's name, and pushed after the commit", async () => {
    const proposal = await propose(set({ values: { setPoint: 4, mode: "00012" } }));
    expect(proposal.receiptId).not.toBeNull();
    const written = (await attributes.list(deviceId)).filter(({ key }) => key !== "race");
    expect(written).toMatchObject([
      { scope: "shared", key: "mode", value: "00012", updatedBy: "Lin" },
      { scope: "shared", key: "setPoint", value: 4, updatedBy: "Lin" },
    ]);
    expect(told).toEqual([
      `push ${deviceId} ${JSON.stringify({ values: { setPoint: 4, mode: "00012" }, deletedKeys: [] })}`,
    ]);
    expect(events).toEqual([{ kind: "device-attributes-changed", deviceName: "locker-1" }]);
  });

  test("that equal what is there leave a receipt and push nothing", async () => {
    await propose(set({ values: { setPoint: 5 } }));
    told = [];
    const proposal = await propose(set({ values: { setPoint: 5 } }));
    const receipt = await shop.guard.findReceipt(proposal.receiptId ?? "");
    expect(receipt?.effects[0]?.change).toBe("Nothing differed.");
    expect(told).toEqual([]);
  });

  test("are never set by a customer or a model", async () => {
    for (const actor of [customer, { ...customer, kind: "model", engine: "composer" } as Actor])
      expect((await propose(set({ values: { setPoint: 9 } }), actor)).decision).toMatchObject({
        ...{ verdict: "deny", code: "role-missing" },
      });
    expect(told).toEqual([]);
  });

  test("beyond what a device may have are refused whole", async () => {
    const values = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`key-${index}`, index]));
    await expect(propose(set({ values }))).rejects.toMatchObject({ code: "limit-reached" });
    expect((await attributes.list(deviceId)).length).toBeLessThan(10);
    expect(told).toEqual([]);
  });
});

test("the audit chain holds after all of it", async () => {
  expect((await shop.guard.proveAudit()).firstBrokenSequence).toBeNull();
});

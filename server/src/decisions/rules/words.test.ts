import { describe, expect, test } from "vitest";
import { causeOfSilence, fillRuleMessage } from "./index.ts";

describe("a silence", () => {
  const at = 1_000_000;
  const session = { isConnected: true, changedAt: 0 };
  const gateway = { isConnected: true, heardAt: at - 10, silenceMs: 60_000 };

  test.each([
    ["of a device whose way in is open is its own", session, null, "silent"],
    ["of a device without a session is its own", null, null, "silent"],
    [
      "of a device whose session ended is that it is offline",
      { isConnected: false, changedAt: 5 },
      null,
      "offline",
    ],
    ["behind a gateway that speaks is the device's", null, gateway, "silent"],
    [
      "behind a gateway that is away says nothing of the device",
      session,
      { ...gateway, isConnected: false },
      "gateway-down",
    ],
    [
      "behind a gateway that is silent itself says nothing either",
      null,
      { ...gateway, heardAt: 0 },
      "gateway-down",
    ],
  ] as const)("%s", (_claim, own, through, cause) => {
    expect(causeOfSilence(at, { session: own, gateway: through })).toBe(cause);
  });
});

test("a message says what is known, and keeps braces that mean nothing", () => {
  const same = (text: string) => ({ en: text, zh: text });
  const parts = {
    ...{ device: same("logger-7"), key: same("temperature"), value: same("9.1"), unit: same("°C") },
    name: { en: "Too warm", zh: "过热" },
  };
  const template = { en: "{name}: {device} is at {value} {unit} {x}", zh: "{name}：{device} {value} {unit}" };
  expect(fillRuleMessage(template, parts)).toEqual({
    en: "Too warm: logger-7 is at 9.1 °C {x}",
    zh: "过热：logger-7 9.1 °C",
  });
});

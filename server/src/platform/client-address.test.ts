import { expect, test } from "vitest";
import { createClientAddress } from "./client-address.ts";

test("without trusted proxies the header is believed from nobody", () => {
  const addressOf = createClientAddress([]);
  expect(addressOf("10.0.0.1", "1.2.3.4")).toBe("10.0.0.1");
  expect(addressOf(undefined, "1.2.3.4")).toBeUndefined();
});

test("a trusted proxy's word counts, another's does not", () => {
  const addressOf = createClientAddress(["10.0.0.0/8", "::1"]);
  expect(addressOf("10.0.0.1", "203.0.113.9")).toBe("203.0.113.9");
  expect(addressOf("::ffff:10.0.0.1", "203.0.113.9")).toBe("203.0.113.9");
  expect(addressOf("::1", "2001:db8::7")).toBe("2001:db8::7");
  expect(addressOf("198.51.100.1", "203.0.113.9")).toBe("198.51.100.1");
});

test("what a client writes itself stands before what the proxies add, and counts for nothing", () => {
  const addressOf = createClientAddress(["10.0.0.1", "10.0.0.2"]);
  expect(addressOf("10.0.0.1", "127.0.0.1, 203.0.113.9, 10.0.0.2")).toBe("203.0.113.9");
  expect(addressOf("10.0.0.1", "10.0.0.2, 203.0.113.9")).toBe("203.0.113.9");
});

test("a chain that ends early or holds nonsense ends at the last address that is known", () => {
  const addressOf = createClientAddress(["10.0.0.1", "10.0.0.2"]);
  expect(addressOf("10.0.0.1", undefined)).toBe("10.0.0.1");
  expect(addressOf("10.0.0.1", "")).toBe("10.0.0.1");
  expect(addressOf("10.0.0.1", "unknown")).toBe("10.0.0.1");
  expect(addressOf("10.0.0.1", "203.0.113.9, _hidden, 10.0.0.2")).toBe("10.0.0.2");
  expect(addressOf("10.0.0.1", "10.0.0.2")).toBe("10.0.0.2");
});

test("ports and brackets are no part of an address", () => {
  const addressOf = createClientAddress(["10.0.0.1"]);
  expect(addressOf("10.0.0.1", "203.0.113.9:51000")).toBe("203.0.113.9");
  expect(addressOf("10.0.0.1", "[2001:db8::7]:51000")).toBe("2001:db8::7");
});

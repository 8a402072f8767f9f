import { describe, expect, test } from "vitest";
import { credentialExamples, shell } from "./credential-examples.ts";

const place = { origin: "http://desk.local:8080", host: "desk.local" };

describe("a line to try a credential with", () => {
  test("carries the token where each transport wants it", () => {
    const lines = credentialExamples({ kind: "access-token", id: 1, token: "abc-123", hint: "123" }, place);
    expect(lines.map((one) => one.tool)).toEqual(["mosquitto_pub", "curl", "coap-client"]);
    expect(lines[0]?.line).toContain("-u abc-123 ");
    expect(lines[1]?.line).toContain("http://desk.local:8080/api/v1/abc-123/telemetry");
    expect(lines[2]?.line).toContain("coap://desk.local/api/v1/abc-123/telemetry");
  });
  test("leaves out what a basic credential does not ask for", () => {
    const [line] = credentialExamples(
      { kind: "basic", id: 1, clientId: null, userName: "truck 7", password: "it's", hint: "truck 7" },
      place,
    );
    expect(line?.line).toContain(`-u 'truck 7' -P 'it'\\''s'`);
    expect(line?.line).not.toContain("-i ");
  });
  test("quotes what a shell would take apart", () => {
    expect(shell("a$(b)")).toBe("'a$(b)'");
    expect(shell("plain-1.2")).toBe("plain-1.2");
  });
});

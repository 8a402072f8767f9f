/** A key that makes a repeated request the same act. (`crypto.randomUUID` is missing where a page is served without TLS.) */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

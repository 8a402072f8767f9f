// Search parameters as plain words in the address: a link that a person can read, shorten and send.

/** `?state=shipping&q=42` as a record of strings; numbers stay text until a screen reads them. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  // Commas and colons are legal in a query and far easier to read than their escapes.
  const text = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

/** Picks the named text parameters that are there; everything else in the address is ignored. */
export function textParameters<Name extends string>(
  search: Record<string, unknown>,
  names: readonly Name[],
): { [Key in Name]?: string } {
  const picked: { [Key in Name]?: string } = {};
  for (const name of names) {
    const value = search[name];
    if (typeof value === "string" && value !== "") picked[name] = value;
  }
  return picked;
}

/** A comma-separated list of instants, as `?points=` carries them; what is no number is left out. */
export function parseInstants(text: string | undefined): number[] {
  if (text === undefined) return [];
  return text
    .split(",")
    .map(Number)
    .filter((at) => Number.isFinite(at) && at > 0);
}

/** How long a step of a whole product may take before it counts as not happening, milliseconds. */
export const stepMsMax = 60_000;
const askAgainMs = 100;

/** Asks again until there is an answer. @throws Error naming `what` when a minute passed in vain. */
export async function until<Value>(
  ask: () => Promise<Value | undefined> | Value | undefined,
  what: string,
): Promise<Value> {
  const startedAt = performance.now();
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() - startedAt > stepMsMax)
      throw new Error(`Waited ${stepMsMax} ms in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}

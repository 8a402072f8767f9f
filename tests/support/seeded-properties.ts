// In CI every property runs from one seed, so that a run can be repeated; at the desk each run looks at new cases.
import fc from "fast-check";

const defaultSeed = 20_261_122;

if (process.env["CI"] !== undefined) {
  fc.configureGlobal({ seed: Number(process.env["WAREMIND_TEST_SEED"] ?? defaultSeed) });
}

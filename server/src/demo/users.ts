// The people of the demo shop: made once per installation with random passwords, kept where only its owner reads.
import { randomInt } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";

const roleSchema = z.enum(["owner", "support", "warehouse"]);
const loginSchema = z.object({
  email: z.email(),
  name: z.string(),
  roles: z.array(roleSchema).min(1),
  password: z.string().min(10),
});
const loginsSchema = z.array(loginSchema).min(1);
export type DemoLogin = z.infer<typeof loginSchema>;

const people: readonly Omit<DemoLogin, "password">[] = [
  { email: "owner@example.com", name: "Shen Yue 沈悦", roles: ["owner"] },
  { email: "support@example.com", name: "Tom Barlow", roles: ["support"] },
  { email: "warehouse@example.com", name: "Liang Bo 梁博", roles: ["warehouse"] },
];

const fileName = "demo-logins.json";
/** Easy to read aloud and to type: no 0 and o, no 1 and l. Four groups of four, 79 bits. */
const passwordAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
const passwordGroups = 4;
const groupCharacters = 4;

/**
 * The logins of this installation's demo shop: read from `demo-logins.json` (mode 0600) in the data folder, or made
 * there at the first call, so that every start can print them.
 *
 * @throws Error when the file is there but not usable.
 */
export async function loadDemoLogins(dataDirectory: string): Promise<readonly DemoLogin[]> {
  const file = join(dataDirectory, fileName);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return parseLogins(file, text);
  const logins = people.map((person) => ({ ...person, password: newPassword() }));
  await writeSecret(file, logins);
  return logins;
}

function parseLogins(file: string, text: string): readonly DemoLogin[] {
  try {
    return loginsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      `${file} is not a list of logins. Restore it, or start a new demo in another data folder.`,
      {
        cause,
      },
    );
  }
}

function newPassword(): string {
  const group = (): string =>
    Array.from({ length: groupCharacters }, () =>
      passwordAlphabet.charAt(randomInt(passwordAlphabet.length)),
    ).join("");
  return Array.from({ length: passwordGroups }, group).join("-");
}

/** Writes JSON that only its owner may read, whole or not at all; makes the folder where there is none. */
export async function writeSecret(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
  await chmod(`${file}.new`, 0o600);
  await rename(`${file}.new`, file);
}

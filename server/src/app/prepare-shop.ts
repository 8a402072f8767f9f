// First run: a demo shop from its seed, or an empty shop with its first administrator. Later runs find what is there.
import { randomBytes } from "node:crypto";
import { demoProfile, loadDemoLogins, seedDemoShop } from "../demo/index.ts";
import { defaultClauses } from "../guard/index.ts";
import type { People } from "../people/index.ts";
import { DomainError } from "../platform/errors.ts";
import type { Domains, Ground } from "./domains.ts";
import { readShopSettings, type ShopSettings, writeShopSettings } from "./shop-settings.ts";
import { starterProfiles } from "./starter-profiles.ts";

export interface Login {
  readonly email: string;
  readonly password: string;
  readonly roles: readonly string[];
}

export interface PreparedShop {
  readonly shop: ShopSettings;
  readonly loginsTitle: string;
  /** Printed at the end of the start: the demo's logins every time, the first administrator's once. */
  readonly logins: readonly Login[];
}

interface Needs extends Ground, Domains {
  readonly people: People;
  readonly say: (line: string) => void;
  readonly isEmpty: boolean;
  readonly adminEmail: string;
}

const demoSeed = 20_261_122;
const passwordBytes = 12;
const emptyShop: ShopSettings = {
  name: { en: "My shop", zh: "我的店铺" },
  phone: "",
  currency: "CNY",
  timeZone: "Asia/Shanghai",
  isDemo: false,
};

export async function prepareShop(needs: Needs): Promise<PreparedShop> {
  const existing = await readShopSettings(needs.database);
  if (existing === null) return needs.isEmpty ? await createEmptyShop(needs) : await createDemoShop(needs);
  if (needs.isEmpty && existing.isDemo) {
    throw new DomainError("conflict", {
      en: `${needs.config.dataDirectory} holds the demo shop. Set WAREMIND_DATA_DIR to another folder for a shop of your own.`,
      zh: `${needs.config.dataDirectory} 中是演示店铺。请将 WAREMIND_DATA_DIR 设为另一个文件夹以创建您自己的店铺。`,
    });
  }
  await addMissingClauses(needs, existing);
  const logins = existing.isDemo ? await loadDemoLogins(needs.config.dataDirectory) : [];
  return { shop: existing, loginsTitle: "Demo logins", logins };
}

/** A shop that was made by an earlier version gets the clauses that it does not have yet; what it has stays as it is. */
export async function addMissingClauses(
  { guard, database, clock }: Pick<Needs, "guard" | "database" | "clock">,
  { currency }: Pick<ShopSettings, "currency">,
): Promise<void> {
  await database.transaction(async (connection) => {
    const known = new Set((await guard.clauses(connection)).map(({ id }) => id));
    for (const clause of defaultClauses({ currency, validFrom: clock.now() })) {
      if (known.has(clause.id)) continue;
      await guard.putClause(connection, clause).catch((error: unknown) => {
        // It has versions, none of them in force now: that is the owner's will, or a clock that was set back.
        if (!(error instanceof DomainError && error.code === "conflict")) throw error;
      });
    }
  });
}

async function createDemoShop(needs: Needs): Promise<PreparedShop> {
  const { name, phone, currency, timeZone } = demoProfile();
  const shop: ShopSettings = { name, phone, currency, timeZone, isDemo: true };
  await seedDemoShop({
    ...needs,
    seed: demoSeed,
    dataDirectory: needs.config.dataDirectory,
    onProgress: needs.say,
    finish: (connection) => writeShopSettings(connection, shop, needs.clock.now()),
  });
  return { shop, loginsTitle: "Demo logins", logins: await loadDemoLogins(needs.config.dataDirectory) };
}

/** The administrator comes first: a start that was cut off between the two finds them and only finishes the shop. */
async function createEmptyShop(needs: Needs): Promise<PreparedShop> {
  const password = randomBytes(passwordBytes).toString("base64url");
  const isFirst = !(await needs.people.hasUsers());
  if (isFirst) {
    const { email } = await needs.people.createUser({
      email: needs.adminEmail,
      name: "Administrator",
      password,
      roles: ["owner"],
    });
    // At once: a start that fails after this (a taken port, a kill) would leave a shop that nobody can enter.
    needs.say(`Made the first administrator ${email}, whose password is ${password}`);
  }
  await needs.database.transaction(async (connection) => {
    for (const clause of defaultClauses({ currency: emptyShop.currency, validFrom: needs.clock.now() }))
      await needs.guard.putClause(connection, clause);
    for (const profile of starterProfiles) await needs.devices.createProfile(connection, profile);
    await writeShopSettings(connection, emptyShop, needs.clock.now());
  });
  const login: Login = { email: needs.adminEmail, password, roles: ["owner"] };
  return {
    shop: emptyShop,
    loginsTitle: "First administrator (the password is shown this once; change it after signing in)",
    logins: isFirst ? [login] : [],
  };
}

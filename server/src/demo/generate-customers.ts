import type { Customer } from "../customers/index.ts";
import type { Order } from "../orders/index.ts";
import type { City, DemoData } from "./demo-data.ts";
import type { Random } from "./seeded-random.ts";

/** A customer with where they live and how often they order, against others. */
export interface Shopper {
  readonly customer: Customer;
  readonly city: City;
  readonly shipTo: Order["shipTo"];
  readonly weight: number;
}

/** The named people of the stories first, then as many as the data says. Nobody here exists. */
export function generateShoppers(data: DemoData, random: Random, now: number): readonly Shopper[] {
  const { people } = data;
  const emails = new Set(people.named.map(({ email }) => email));
  const named = people.named.map((person, index) => {
    const city = people.cities.find(({ name }) => name.en === person.cityEn);
    if (city === undefined) throw new Error(`people.json: ${person.id} lives in an unknown city.`);
    const who = { name: person.name, email: person.email, language: person.language };
    return shopperOf(data, random, { who, city, index, id: `cus_demo_${person.id}` });
  });
  const others = Array.from({ length: people.customerCount - named.length }, (_, index) => {
    const city = random.weighted(people.cities, ({ weight }) => weight);
    const who = personOf(data, random, emails);
    return shopperOf(data, random, { who, city, index: index + named.length, id: random.id("cus", now) });
  });
  return [...named, ...others];
}

type Who = Pick<Customer, "name" | "email" | "language">;

function personOf({ people }: DemoData, random: Random, emails: Set<string>): Who {
  const isChinese = random.chance(people.chineseShare);
  if (isChinese) {
    const [surname, given] = [random.pick(people.surnames), random.pick(people.givenNames)];
    const email = freeEmail(`${surname.latin}.${given.latin}`, "example.cn", emails);
    return { name: `${surname.zh}${given.zh}`, email, language: "zh" };
  }
  const [first, last] = [random.pick(people.firstNames), random.pick(people.lastNames)];
  return {
    name: `${first} ${last}`,
    email: freeEmail(`${first}.${last}`, "example.com", emails),
    language: "en",
  };
}

/** Namesakes get a number, as they do at any provider. */
function freeEmail(name: string, domain: string, emails: Set<string>): string {
  const local = name.toLowerCase();
  for (let attempt = 1; ; attempt += 1) {
    const email = `${local}${attempt === 1 ? "" : attempt}@${domain}`;
    if (emails.has(email)) continue;
    emails.add(email);
    return email;
  }
}

function shopperOf(
  { people }: DemoData,
  random: Random,
  person: { who: Who; city: City; index: number; id: string },
): Shopper {
  const { who, city, index } = person;
  const postcode = `${city.postcodePrefix}${random.digits(3)}`;
  const street = random.pick(people.streets);
  const house = random.int(1, 320);
  return {
    customer: {
      id: person.id,
      ...who,
      phone: phoneOf(who.language, index),
      timeZone: city.timeZone,
      postcode,
    },
    city,
    shipTo: {
      name: who.name,
      street: who.language === "zh" ? `${street.zh}${house}号` : `${house} ${street.en}`,
      city: city.name[who.language],
      postcode,
    },
    // A few order every week, many once: about a Pareto curve.
    weight: 1 / (0.15 + random.next()),
  };
}

/** Numbers that no network assigns: Chinese mobiles do not begin with 100; 07700 900 is kept for drama in the UK. */
function phoneOf(language: Customer["language"], index: number): string {
  return language === "zh"
    ? `+86 100 0000 ${String(index).padStart(4, "0")}`
    : `+44 7700 900${String(index % 1000).padStart(3, "0")}`;
}

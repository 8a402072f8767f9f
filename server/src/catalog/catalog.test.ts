import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { createCatalog } from "./index.ts";
import type { Catalog, Product, Variant } from "./product.ts";

const clock = manualClock(Date.UTC(2026, 2, 2, 6));
const band = {
  id: "chilled-fish",
  nameEn: "Chilled fish",
  nameZh: "冷藏鱼",
  minCelsius: 0,
  maxCelsius: 4,
  ignoreMinutes: 10,
  warnAheadMinutes: 20,
  expectedIntervalSeconds: 60,
  meanKineticLimitCelsius: null,
  excursionMinutesMax: 60,
};

function aProduct(
  id: string,
  en: string,
  zh: string,
  category = "grocery",
  attributes: Product["attributes"] = { origin: "NO" },
): Product {
  const description = { en: `${en}.`, zh: `${zh}。` };
  return { id, title: { en, zh }, description, category, bandId: null, attributes };
}

function aVariant(
  sku: string,
  productId: string,
  en: string,
  zh: string,
  more: Partial<Variant> = {},
): Variant {
  return {
    id: `var_${sku.toLowerCase()}`,
    productId,
    sku,
    gtin: null,
    title: { en, zh },
    price: { amountMinor: 5900, currency: "CNY" },
    weightGrams: 200,
    state: "active",
    ...more,
  };
}

const products = [
  aProduct("salmon", "Norwegian salmon fillet", "挪威三文鱼柳", "fresh-fish"),
  aProduct("smoked", "Smoked salmon slices", "烟熏三文鱼片", "fresh-fish"),
  aProduct("cod", "Atlantic cod loin", "大西洋鳕鱼", "fresh-fish"),
  aProduct("yogurt", "Organic yogurt", "有机酸奶", "dairy"),
  aProduct("lamp", "Desk lamp", "护眼台灯", "small-electronics"),
  aProduct("charger", "USB-C charger", "USB-C 充电器", "small-electronics"),
  aProduct("headphones", "Wireless headphones", "无线耳机", "small-electronics"),
  aProduct("kettle", "Electric kettle", "电热水壶", "small-electronics"),
  aProduct("berries", "Fresh strawberries", "新鲜草莓", "fruit"),
  aProduct("bank", "Power bank", "移动电源", "small-electronics", {
    otherNames: ["充电宝", "portable battery"],
  }),
  aProduct("dumplings", "Hand-folded dumplings", "手工水饺", "frozen"),
  aProduct("scale", "Kitchen scale", "厨房电子秤", "small-electronics"),
];
const variants = [
  aVariant("FISH-SAL-200", "salmon", "200 g", "200克", { gtin: "07038010001239" }),
  aVariant("FISH-SAL-400", "salmon", "400 g", "400克"),
  aVariant("FISH-SMK-100", "smoked", "100 g", "100克", { gtin: "6901234567892" }),
  aVariant("FISH-COD-300", "cod", "300 g", "300克"),
  aVariant("DAIRY-YOG", "yogurt", "500 g tub", "500克杯装"),
  aVariant("LAMP-W", "lamp", "white", "白色"),
  aVariant("CHG-65", "charger", "65 W", "65瓦"),
  aVariant("HEAD-BLK", "headphones", "black", "黑色"),
  aVariant("KET-17", "kettle", "1.7 l", "1.7升"),
  aVariant("BERRY-250", "berries", "250 g", "250克"),
  aVariant("BANK-10", "bank", "10000 mAh", "10000毫安时"),
  aVariant("DUMP-500", "dumplings", "500 g", "500克"),
  aVariant("SCALE-5", "scale", "5 kg", "5公斤"),
  aVariant("LAMP-OLD", "lamp", "brass", "黄铜色", { state: "retired" }),
];

let database: Database;
let catalog: Catalog;
beforeAll(async () => {
  database = await openTestDatabase();
  catalog = createCatalog({ database, clock });
  await database.transaction(async (connection) => {
    await catalog.createBand(connection, band);
    await catalog.createProducts(connection, products);
    await catalog.createVariants(connection, variants);
  });
});
afterAll(() => database.close());

const skusFor = async (text: string) =>
  (await catalog.searchVariants(text, { limit: 10 })).map((hit) => hit.variant.sku);
const bestFor = async (text: string) => (await catalog.searchVariants(text, { limit: 1 }))[0];

test("what was written is read back, money and leading zeros included", async () => {
  expect(await catalog.findBand("chilled-fish")).toEqual(band);
  expect(await catalog.listBands()).toEqual([band]);
  expect(await catalog.findBand("none")).toBeNull();
  await database.transaction(async (connection) => {
    expect(await catalog.findBand("chilled-fish", connection)).toEqual(band);
    expect(await catalog.findVariants(["var_lamp-w"], connection)).toHaveLength(1);
  });
  expect(await catalog.findProduct("salmon")).toEqual(products[0]);
  expect(await catalog.findProduct("none")).toBeNull();
  expect(await catalog.findVariants(["var_fish-sal-200", "none"])).toEqual([variants[0]]);
  expect((await catalog.findProducts(["lamp", "cod"])).map((product) => product.id).toSorted()).toEqual([
    "cod",
    "lamp",
  ]);
});

test("the list is bounded and ends with what is no longer sold", async () => {
  const all = await catalog.listVariants({ limit: 100 });
  expect(all).toHaveLength(variants.length);
  expect(all.at(-1)?.sku).toBe("LAMP-OLD");
  expect(await catalog.listVariants({ limit: 3 })).toHaveLength(3);
});

describe("a code names exactly one variant", () => {
  test.each([
    ["FISH-SAL-200", "FISH-SAL-200"],
    ["fish-sal-200", "FISH-SAL-200"],
    ["请问FISH-SAL-200还有货吗？", "FISH-SAL-200"],
    ["Is ＦＩＳＨ-ＳＡＬ-２００ in stock?", "FISH-SAL-200"],
    ["07038010001239", "FISH-SAL-200"],
    ["7038010001239", "FISH-SAL-200"],
    ["条码 06901234567892", "FISH-SMK-100"],
  ])("%s", async (text, sku) => {
    const hit = await bestFor(text);
    expect(hit?.variant.sku).toBe(sku);
    expect(hit?.score).toBe(1);
  });
  test("a part of a code names none", async () => {
    expect((await bestFor("FISH-SAL"))?.score ?? 0).toBeLessThan(1);
  });
});

describe("words of either language find the product first", () => {
  test.each([
    ["smoked salmon", "FISH-SMK-100"],
    ["Do you have any smoked salmon in stock?", "FISH-SMK-100"],
    ["do you sell strawberry", "BERRY-250"],
    ["how much are the headphones", "HEAD-BLK"],
    ["hedphones", "HEAD-BLK"],
    ["wireles headphoens", "HEAD-BLK"],
    ["price of the kettle?", "KET-17"],
    ["usb c charger", "CHG-65"],
    ["salmon fillet 400g", "FISH-SAL-400"],
    ["yoghurt", "DAIRY-YOG"],
    ["烟熏三文鱼有货吗", "FISH-SMK-100"],
    ["请问你们的台灯多少钱？", "LAMP-W"],
    ["我想买400克的三文鱼柳", "FISH-SAL-400"],
    ["有没有鳕鱼", "FISH-COD-300"],
    ["有机酸奶还有吗", "DAIRY-YOG"],
    ["草莓", "BERRY-250"],
    ["新鲜的草莓能送到北京吗", "BERRY-250"],
    ["can you ship fresh strawberries to Beijing tomorrow", "BERRY-250"],
    ["powerbank", "BANK-10"],
    ["充电宝有货吗", "BANK-10"],
    ["a portable battery", "BANK-10"],
    ["饺子", "DUMP-500"],
    ["USB充电器", "CHG-65"],
  ])("%s → %s", async (text, sku) => {
    const hit = await bestFor(text);
    expect(hit?.variant.sku).toBe(sku);
    expect(hit?.score).toBeGreaterThan(0.4);
  });
});

test("two sizes of one product score alike, so that one can ask which is meant", async () => {
  for (const text of ["Norwegian salmon fillet", "挪威三文鱼柳有货吗"]) {
    const [first, second, third] = await catalog.searchVariants(text, { limit: 3 });
    expect([first?.variant.productId, second?.variant.productId]).toEqual(["salmon", "salmon"]);
    expect(Math.abs((first?.score ?? 0) - (second?.score ?? 1))).toBeLessThan(0.05);
    expect((second?.score ?? 0) - (third?.score ?? 0)).toBeGreaterThan(0.05);
  }
});

test.each(["unicorn", "独角兽", "", "?!", "do you have the", "请问有没有", "    ", "吗吗吗"])(
  "words that name nothing find nothing: %j",
  async (text) => {
    expect(await skusFor(text)).toEqual([]);
  },
);

test.each(["有没有电脑", "电视", "冰激凌", "a laptop", "我的包裹在哪里", "where is my parcel"])(
  "one character in common is not a name: %s",
  async (text) => {
    expect((await bestFor(text))?.score ?? 0).toBeLessThan(0.4);
  },
);

test("a word that no product has lowers the score of the rest", async () => {
  const plain = (await bestFor("desk lamp"))?.score ?? 0;
  const unicorn = (await bestFor("unicorn desk lamp"))?.score ?? 0;
  expect(unicorn).toBeLessThan(plain - 0.1);
});

test("what is no longer sold is not found", async () => {
  expect(await skusFor("LAMP-OLD")).not.toContain("LAMP-OLD");
  expect(await skusFor("brass lamp")).not.toContain("LAMP-OLD");
});

test("scores lie in 0..1, best first, and the same question gives the same answer", async () => {
  const texts = ["fish", "salmon 200", "三文鱼", "black lamp", "鱼".repeat(3000), "salmon ".repeat(3000)];
  for (const text of texts) {
    const hits = await catalog.searchVariants(text, { limit: 10 });
    const scores = hits.map((hit) => hit.score);
    expect(scores).toEqual(scores.toSorted((left, right) => right - left));
    expect(scores.every((score) => score > 0 && score <= 1)).toBe(true);
    expect(await catalog.searchVariants(text, { limit: 10 })).toEqual(hits);
  }
});

test("a new variant is found at once, in this process and in another, and not before its commit", async () => {
  const other = createCatalog({ database, clock });
  expect(await other.searchVariants("dragonfruit", { limit: 1 })).toEqual([]);
  expect(await catalog.searchVariants("dragonfruit", { limit: 1 })).toEqual([]);
  await database.transaction(async (connection) => {
    await catalog.createProducts(connection, [aProduct("dragon", "Dragonfruit", "火龙果", "fruit")]);
    await catalog.createVariants(connection, [aVariant("DRAGON", "dragon", "1 piece", "1个")]);
  });
  expect((await other.searchVariants("dragonfruit", { limit: 1 }))[0]?.variant.sku).toBe("DRAGON");
  expect((await catalog.searchVariants("火龙果", { limit: 1 }))[0]?.variant.sku).toBe("DRAGON");
});

test("a taken SKU is refused by name", async () => {
  const twin = aVariant("LAMP-W", "lamp", "white", "白色");
  const work = database.transaction((connection) =>
    catalog.createVariants(connection, [{ ...twin, id: "var_twin" }]),
  );
  await expect(work).rejects.toMatchObject({ name: "DomainError", code: "conflict" });
});

test("thousands of variants are written and searched in bounded time", async () => {
  const many = Array.from({ length: 3000 }, (_, index) =>
    aVariant(`BULK-${index}`, "kettle", `model ${index}`, `型号${index}`),
  );
  await database.transaction((connection) => catalog.createVariants(connection, many));
  expect((await bestFor("electric kettle model 2999"))?.variant.sku).toBe("BULK-2999");
  expect((await bestFor("BULK-77"))?.variant.sku).toBe("BULK-77");
});

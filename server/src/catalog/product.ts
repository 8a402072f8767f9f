import type { Band, BilingualText, Money } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export interface Product {
  readonly id: string;
  readonly title: BilingualText;
  readonly description: BilingualText;
  readonly category: string;
  readonly bandId: string | null;
  /** Whatever else is known of it. `otherNames` (a list of texts) holds names that customers search by. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Variant {
  readonly id: string;
  readonly productId: string;
  readonly sku: string;
  /** Text, never a number: leading zeros matter. */
  readonly gtin: string | null;
  readonly title: BilingualText;
  readonly price: Money;
  readonly weightGrams: number;
  readonly state: "active" | "retired";
}

export interface Catalog {
  createBand(connection: Connection, band: Band): Promise<void>;
  /** Inside a transaction pass its connection. */
  findBand(id: string, connection?: Connection): Promise<Band | null>;
  listBands(): Promise<readonly Band[]>;
  createProducts(connection: Connection, products: readonly Product[]): Promise<void>;
  createVariants(connection: Connection, variants: readonly Variant[]): Promise<void>;
  findProduct(id: string): Promise<Product | null>;
  findProducts(ids: readonly string[]): Promise<readonly Product[]>;
  /** Inside a transaction pass its connection. */
  findVariants(ids: readonly string[], connection?: Connection): Promise<readonly Variant[]>;
  /** On sale first, then by SKU. */
  listVariants(options: { limit: number }): Promise<readonly Variant[]>;
  /**
   * Best matches of a customer's words in either language (title, category, SKU, GTIN) among variants on sale, best first.
   * The score is in 0..1: 1 for an exact code or title, about 0.8 when all asked words are met; two within 0.05 of each
   * other are equally meant; below 0.4 the words hardly name it.
   */
  searchVariants(
    text: string,
    options: { limit: number },
  ): Promise<readonly { variant: Variant; score: number }[]>;
}

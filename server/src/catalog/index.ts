// The door of the catalog: products, variants, temperature bands and the search for them.
export { createCatalog } from "./catalog.ts";
export type * from "./product.ts";

export { createComposer } from "./composer.ts";
export { identifyLanguage } from "./language-id.ts";
export type * from "./language-types.ts";
export { createMasker, type MaskedValue, type Masker, type MaskKind } from "./mask.ts";
export { createModelGateway, type ModelGatewayOptions } from "./model-gateway.ts";
export { normalizeText } from "./normalize.ts";
export { coverage } from "./similarity.ts";

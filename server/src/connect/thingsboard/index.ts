// The door of the import from ThingsBoard.
export { isAccountedFor } from "./checksum.ts";
export { clientLimits, type ThingsboardLogin } from "./client.ts";
export {
  createThingsboardImports,
  type ImportDependencies,
  type ThingsboardImports,
  type ThingsboardRequest,
} from "./imports.ts";

// The door of the CoAP device API.
export { type CoapServer, type CoapServerDependencies, createCoapServer } from "./coap-server.ts";
export { type CoapLimits, coapLimits } from "./limits.ts";

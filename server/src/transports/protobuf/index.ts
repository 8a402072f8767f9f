export { checkProtoSchemas, type ProtobufCodec, protobufCodecOf } from "./codec.ts";
export { builtInSchemas } from "./schemas.ts";

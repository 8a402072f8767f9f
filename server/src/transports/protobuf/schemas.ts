// The Protobuf schemas that devices speak when their profile brings none of its own. `docs` repeat them for firmware.

const value = `
  oneof value {
    double number = 2;
    string text = 3;
    bool boolean = 4;
    // An object or array as JSON text.
    string json = 5;
    // Beyond 2^53 it is kept as text, digit by digit.
    int64 integer = 6;
  }`;

/** The last message of each text is the one that is sent. Fields may be added, never renumbered. */
export const builtInSchemas = {
  telemetry: `syntax = "proto3";
message Point {
  string key = 1;${value}
  // Milliseconds since 1970; absent: the time at which the server received it.
  optional int64 ts = 7;
}
message Telemetry { repeated Point points = 1; }`,
  attributes: `syntax = "proto3";
message Attribute {
  string key = 1;${value}
}
message Attributes {
  repeated Attribute values = 1;
  // Downwards only: shared attributes that are gone.
  repeated string deleted = 2;
}`,
  attributeRequest: `syntax = "proto3";
message AttributeRequest {
  repeated string client_keys = 1;
  repeated string shared_keys = 2;
}`,
  attributeAnswer: `syntax = "proto3";
message Attribute {
  string key = 1;${value}
}
message AttributeAnswer {
  repeated Attribute client = 1;
  repeated Attribute shared = 2;
}`,
  /** As ThingsBoard's own default, so that its devices need no other schema. `params` is JSON text. */
  commandRequest: `syntax = "proto3";
message RpcRequestMsg {
  optional string method = 1;
  optional int32 requestId = 2;
  optional string params = 3;
}`,
  commandResponse: `syntax = "proto3";
message RpcResponseMsg { optional string payload = 1; }`,
  call: `syntax = "proto3";
message Call {
  string method = 1;
  // JSON text.
  string params = 2;
}`,
  callAnswer: `syntax = "proto3";
message CallAnswer { string payload = 1; }`,
} as const;

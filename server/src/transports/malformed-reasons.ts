import type { BilingualText } from "@waremind/contract";

/** Every way a payload can be unreadable, with its sentence; `position` is a byte offset from 0. */
export const malformedSentences = {
  "payload-empty": () => ({
    en: 'The message is empty; send a JSON object such as {"temperature": 4.2}.',
    zh: '消息为空；请发送 JSON 对象，例如 {"temperature": 4.2}。',
  }),
  "payload-too-large": (position) => ({
    en: `The message is larger than ${position} bytes; split it into smaller ones.`,
    zh: `消息超过 ${position} 字节；请拆分成较小的消息。`,
  }),
  "not-utf8": (position) => ({
    en: `The byte at position ${position} is not UTF-8; JSON must be sent as UTF-8.`,
    zh: `第 ${position} 字节处不是 UTF-8 编码；JSON 必须以 UTF-8 发送。`,
  }),
  "json-syntax": (position) => ({
    en: `The message is not JSON: it breaks at byte ${position}.`,
    zh: `消息不是合法的 JSON：在第 ${position} 字节处出错。`,
  }),
  "not-an-object": (position) => ({
    en: `At byte ${position} stands something other than an object; telemetry is {key: value}, {"ts", "values"} or an array of these.`,
    zh: `第 ${position} 字节处不是对象；遥测数据应为 {键: 值}、{"ts", "values"} 或由它们组成的数组。`,
  }),
  "values-not-an-object": (position) => ({
    en: `"values" at byte ${position} is not an object of keys and values.`,
    zh: `第 ${position} 字节处的 "values" 不是由键和值组成的对象。`,
  }),
  "ts-invalid": (position) => ({
    en: `"ts" at byte ${position} is not a time in milliseconds since 1970.`,
    zh: `第 ${position} 字节处的 "ts" 不是自 1970 年起的毫秒时间。`,
  }),
  "key-empty": (position) => ({
    en: `The key of the value at byte ${position} is empty; give it a name.`,
    zh: `第 ${position} 字节处的值没有键名；请为它命名。`,
  }),
  "key-too-long": (position) => ({
    en: `The key of the value at byte ${position} is too long; 255 characters are allowed.`,
    zh: `第 ${position} 字节处的值的键名过长；最多允许 255 个字符。`,
  }),
  "text-unstorable": (position) => ({
    en: `The text at byte ${position} holds a null character or half a surrogate pair, which no store can keep.`,
    zh: `第 ${position} 字节处的文本含有空字符或不完整的代理对，无法保存。`,
  }),
  "number-not-finite": (position) => ({
    en: `The number at byte ${position} is too large to be represented.`,
    zh: `第 ${position} 字节处的数字过大，无法表示。`,
  }),
  "nesting-too-deep": (position) => ({
    en: `The value at byte ${position} nests deeper than 16 levels.`,
    zh: `第 ${position} 字节处的值嵌套超过 16 层。`,
  }),
  "too-many-points": (position) => ({
    en: `The message holds more than 5,000 values (the next stands at byte ${position}); split it into smaller ones.`,
    zh: `消息包含超过 5,000 个值（下一个位于第 ${position} 字节）；请拆分成较小的消息。`,
  }),
  "attributes-not-an-object": (position) => ({
    en: `At byte ${position} stands something other than an object; attributes are sent as {key: value}.`,
    zh: `第 ${position} 字节处不是对象；属性应以 {键: 值} 的形式发送。`,
  }),
  "request-malformed": (position) => ({
    en: `At byte ${position} stands something other than a request; send {"clientKeys": "a,b", "sharedKeys": "c"} or nothing for all.`,
    zh: `第 ${position} 字节处不是合法的请求；请发送 {"clientKeys": "a,b", "sharedKeys": "c"}，或发送空消息以读取全部。`,
  }),
  "too-many-keys": (position) => ({
    en: `The list of keys at byte ${position} is too long; ask for at most 500 keys of a scope at once.`,
    zh: `第 ${position} 字节处的键列表过长；每个范围一次最多请求 500 个键。`,
  }),
  "call-malformed": (position) => ({
    en: `At byte ${position} stands something other than a call; send {"method": "getServerTime", "params": {}} with a method of 1 to 100 characters.`,
    zh: `第 ${position} 字节处不是合法的调用；请发送 {"method": "getServerTime", "params": {}}，方法名为 1 至 100 个字符。`,
  }),
  "claim-malformed": (position) => ({
    en: `At byte ${position} stands something other than a claim; send {"secretKey": "…", "durationMs": 60000} or nothing.`,
    zh: `第 ${position} 字节处不是合法的认领消息；请发送 {"secretKey": "…", "durationMs": 60000}，或发送空消息。`,
  }),
  "provision-malformed": (position) => ({
    en: `At byte ${position} stands something that a provisioning request cannot hold; send an object with the texts "provisionDeviceKey" and "provisionDeviceSecret".`,
    zh: `第 ${position} 字节处的内容不符合注册请求；请发送包含文本 "provisionDeviceKey" 和 "provisionDeviceSecret" 的对象。`,
  }),
  "credentials-type-unknown": (position) => ({
    en: `"credentialsType" at byte ${position} is not one of ACCESS_TOKEN, MQTT_BASIC and X509_CERTIFICATE.`,
    zh: `第 ${position} 字节处的 "credentialsType" 不是 ACCESS_TOKEN、MQTT_BASIC 或 X509_CERTIFICATE。`,
  }),
  "credentials-incomplete": (position) => ({
    en: `The request beginning at byte ${position} names a kind of credentials but lacks them: ACCESS_TOKEN needs "token", X509_CERTIFICATE needs "hash" (the certificate as PEM).`,
    zh: `从第 ${position} 字节开始的请求指定了凭据类型但缺少凭据：ACCESS_TOKEN 需要 "token"，X509_CERTIFICATE 需要 "hash"（PEM 格式的证书）。`,
  }),
  "gateway-not-an-object": (position) => ({
    en: `At byte ${position} stands something other than an object; a gateway sends {"device name": …}.`,
    zh: `第 ${position} 字节处不是对象；网关应发送 {"设备名": …}。`,
  }),
  "gateway-entry-not-an-array": (position) => ({
    en: `The entry at byte ${position} is not an array; the readings of a device are sent as {"device name": [{key: value}]}.`,
    zh: `第 ${position} 字节处的条目不是数组；设备读数应以 {"设备名": [{键: 值}]} 的形式发送。`,
  }),
  "gateway-device-name-invalid": (position) => ({
    en: `The entry at byte ${position} has no usable device name; a name has 1 to 255 characters without control characters.`,
    zh: `第 ${position} 字节处的条目没有可用的设备名；设备名为 1 至 255 个字符，不含控制字符。`,
  }),
  "gateway-too-many-devices": (position) => ({
    en: `The message names more than 1,000 devices (the next stands at byte ${position}); split it into smaller ones.`,
    zh: `消息包含超过 1,000 台设备（下一台位于第 ${position} 字节）；请拆分成较小的消息。`,
  }),
  "gateway-request-malformed": (position) => ({
    en: `At byte ${position} stands something other than the message of a gateway that this topic takes; see the table of gateway topics.`,
    zh: `第 ${position} 字节处不是该网关主题所接受的消息；请参阅网关主题表。`,
  }),
  "protobuf-wire": (position) => ({
    en: `The message is not Protobuf: it breaks at byte ${position}.`,
    zh: `消息不是合法的 Protobuf：在第 ${position} 字节处出错。`,
  }),
  "protobuf-schema-mismatch": (position) => ({
    en: `The value at byte ${position} is of another type than the schema of the profile says; device and profile must use the same schema.`,
    zh: `第 ${position} 字节处的值与设备类型的模式不符；设备与设备类型必须使用同一模式。`,
  }),
  "protobuf-too-deep": (position) => ({
    en: `The message at byte ${position} nests deeper than 16 levels.`,
    zh: `第 ${position} 字节处的消息嵌套超过 16 层。`,
  }),
  "protobuf-too-many-values": (position) => ({
    en: `The message holds too many values (5,000 points, 50,000 values in all; byte ${position}); split it into smaller ones.`,
    zh: `消息包含的值过多（最多 5,000 个点，共 50,000 个值；第 ${position} 字节）；请拆分成较小的消息。`,
  }),
  "protobuf-schema-broken": () => ({
    en: "The Protobuf schema of this device's profile cannot be used; correct it in the console.",
    zh: "该设备类型的 Protobuf 模式无法使用；请在控制台更正。",
  }),
  "protobuf-key-invalid": () => ({
    en: "A value of the message has no key, or one of more than 255 characters.",
    zh: "消息中有一个值没有键名，或键名超过 255 个字符。",
  }),
  "protobuf-ts-invalid": () => ({
    en: '"ts" of the message is not a time in milliseconds since 1970.',
    zh: '消息中的 "ts" 不是自 1970 年起的毫秒时间。',
  }),
  "protobuf-json-invalid": () => ({
    en: "A field of the message that holds JSON text holds something else.",
    zh: "消息中应为 JSON 文本的字段不是合法的 JSON。",
  }),
} as const satisfies Record<string, (position: number) => BilingualText>;

export type MalformedReason = keyof typeof malformedSentences;

// A plant in a ThingsBoard: three profiles, 25 devices, a gateway with children, and 50,000 points with every kind of
// trap: text that looks like a number, bursts within one millisecond, digits beyond a double.
import type { StubDevice, StubPoint, StubProfile } from "./thingsboard-stub.ts";

export const plantStartAt = 1_780_000_000_000;
export const plantProfiles: readonly StubProfile[] = [
  { id: "11111111-0000-0000-0000-000000000001", name: "default" },
  {
    id: "22222222-0000-0000-0000-000000000002",
    name: "Cold logger",
    profileData: {
      transportConfiguration: { type: "MQTT", deviceTelemetryTopic: "plant/+/telemetry" },
      alarms: [{ id: "a" }],
    },
  },
  { id: "33333333-0000-0000-0000-000000000003", name: "温度" },
];

const idOf = (index: number): string => `dddddddd-0000-0000-0000-${String(index).padStart(12, "0")}`;
export const plantGatewayId = idOf(0);
export const plantBurst = 1_500;

/** 2,000 points a device; the burst of device 1 is larger than a page. */
export function plantDevices(certificateBody: string): StubDevice[] {
  return Array.from({ length: 25 }, (_, index) => ({
    id: idOf(index),
    name: index === 0 ? "gateway-0" : `logger-${index}`,
    label: `Place ${index}`,
    profileId: plantProfiles[index % 3]?.id ?? "",
    additionalInfo:
      index === 0
        ? { gateway: true, description: "" }
        : index <= 2
          ? { lastConnectedGateway: plantGatewayId }
          : null,
    credentials: credentialsOf(index, certificateBody),
    attributes: {
      CLIENT_SCOPE: [{ key: "firmware", value: `1.${index}` }],
      SHARED_SCOPE: [
        { key: "targetTemperature", value: index / 2 },
        { key: "serial", value: "00012345600012" },
      ],
      SERVER_SCOPE: [
        { key: "place", value: { hall: index } },
        { key: "active", value: true },
      ],
    },
    history: historyOf(index),
  }));
}

function credentialsOf(index: number, certificateBody: string): StubDevice["credentials"] {
  if (index === 3)
    return {
      ...{ credentialsType: "MQTT_BASIC", credentialsId: "hash" },
      credentialsValue: '{"clientId":"logger-3","userName":"three","password":"pass-of-three"}',
    };
  if (index === 4)
    return { credentialsType: "X509_CERTIFICATE", credentialsId: "sha3", credentialsValue: certificateBody };
  if (index === 5)
    return { credentialsType: "LWM2M_CREDENTIALS", credentialsId: "urn:imei:1", credentialsValue: "{}" };
  return {
    credentialsType: "ACCESS_TOKEN",
    credentialsId: `token-of-device-${index}`,
    credentialsValue: null,
  };
}

const texts = ['"00012345600012"', '"241408E4"', '"1e3"', '"🧊"', '"true"'];

function historyOf(index: number): StubDevice["history"] {
  const points = (count: number, json: (place: number) => string): StubPoint[] =>
    Array.from({ length: count }, (_, place) => ({ ts: plantStartAt + place * 1_000, json: json(place) }));
  const burst = index === 1 ? plantBurst : 100;
  return {
    temperature: points(1_700 - burst, (place) => String((place * 7 + index) / 10)),
    // Within one millisecond, the last value twice, which is one reading; then one more.
    burst: [
      ...points(burst, (place) => String(Math.min(place, burst - 2))).map((point) => ({
        ...point,
        ts: plantStartAt,
      })),
      { ts: plantStartAt + 1, json: "1" },
    ],
    serial: points(198, (place) => texts[place % texts.length] ?? '""'),
    isOpen: points(50, (place) => String(place % 2 === 0)),
    state: points(50, (place) => `{"b":${place},"a":["00${place}",null]}`),
    exact: [{ ts: plantStartAt, json: "0.12345678901234567890" }],
  };
}

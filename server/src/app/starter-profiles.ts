import type { NewProfile } from "../devices/index.ts";

/** Kinds of device that an empty shop starts with, so that a first device can be added at once. */
export const starterProfiles: readonly NewProfile[] = [
  {
    id: "parcel-logger",
    nameEn: "Parcel logger",
    nameZh: "包裹温度记录仪",
    expectedIntervalSeconds: 60,
    keys: [
      { key: "temperature", type: "number", unit: "Cel", min: -100, max: 150, decimals: 2 },
      { key: "humidity", type: "number", unit: "%", min: 0, max: 100, decimals: 1 },
      { key: "battery", type: "number", unit: "%", min: 0, max: 100, decimals: 0 },
    ],
  },
  {
    id: "shelf-scale",
    nameEn: "Shelf scale",
    nameZh: "货架秤",
    expectedIntervalSeconds: 30,
    keys: [{ key: "weight", type: "number", unit: "g", min: -1000, max: 500_000, decimals: 1 }],
  },
  {
    id: "generic",
    nameEn: "Any device",
    nameZh: "通用设备",
    expectedIntervalSeconds: 300,
    keys: [],
  },
];

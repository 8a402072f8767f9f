import type { ReactElement } from "react";
import { classes } from "./classes.ts";

/** Outlines on a 16 × 16 grid, drawn for this product; one visual weight everywhere. */
const paths = {
  overview: "M2.5 2.5h4.5v5H2.5zM9 2.5h4.5v3H9zM9 7.5h4.5v6H9zM2.5 9.5H7v4H2.5z",
  shipment:
    "M1.5 4h8v7h-8zM9.5 6.5h3l2 2.3V11h-5zM4.2 13a1.3 1.3 0 1 0 0-2.6 1.3 1.3 0 0 0 0 2.6zM11.8 13a1.3 1.3 0 1 0 0-2.6 1.3 1.3 0 0 0 0 2.6z",
  stock: "M2.5 2v12M13.5 2v12M2.5 6.5h11M2.5 12h11M5 3.5h2.5v3H5zM8.5 9h3v3h-3z",
  order: "M3.5 2h9v12l-2.2-1.3L8 14l-2.3-1.3L3.5 14zM6 5.5h4M6 8.5h4",
  device: "M5.5 6h5v6.5h-5zM8 9v.01M3.2 7.2a5 5 0 0 1 9.6 0M5 3.6a6.4 6.4 0 0 1 6 0",
  inbox: "M2 9.5 4 3h8l2 6.5V13H2zM2 9.5h3.5l1 1.7h3l1-1.7H14",
  approval: "M8 1.8 13 4v3.7c0 3-2 5.4-5 6.5-3-1.1-5-3.5-5-6.5V4zM5.8 8l1.6 1.7 2.9-3.3",
  xray: "M2 5V2.5h3M11 2.5h3V5M14 11v2.5h-3M5 13.5H2V11M4.5 6h7M4.5 8.2h4.8M4.5 10.4h6",
  audit:
    "M5.5 3.5h-2v3h2zM12.5 9.5h-2v3h2zM5.5 5h2.7a2.3 2.3 0 0 1 0 6h-.4M3.5 6.5v3a1.6 1.6 0 0 0 1.6 1.6h5.4",
  policy: "M4 2h6l2.5 2.5V14H4zM10 2v2.5h2.5M6 8h4.5M6 10.8h3",
  prove: "M6 2h4M6.8 2v4L3.2 12.6a1 1 0 0 0 .9 1.4h7.8a1 1 0 0 0 .9-1.4L9.2 6V2M5 10h6",
  pin: "M8 14.2C5 10.8 3.4 8.6 3.4 6.4a4.6 4.6 0 1 1 9.2 0c0 2.2-1.6 4.4-4.6 7.8zM8 8a1.6 1.6 0 1 0 0-3.2A1.6 1.6 0 0 0 8 8z",
  scenario: "M4.5 3v10l8-5z",
  stop: "M4 4h8v8H4z",
  alarm: "M8 2.2 14.3 13H1.7zM8 6.5v3M8 11.2v.01",
  check: "M3 8.5 6.3 12 13 4.5",
  "check-circle": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.5 8.2l1.8 1.8 3.2-3.8",
  cross: "M4 4l8 8M12 4l-8 8",
  "cross-circle": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6 6l4 4M10 6l-4 4",
  quote: "M3 9.5h3.5V6H3zm0 0c0 1.6.6 2.6 2 3M9.5 9.5H13V6H9.5zm0 0c0 1.6.6 2.6 2 3",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.4",
  silent: "M2 2l12 12M6 12.5h4V9M10 6.5V6H6.5M6 8.5v4M4.2 4.8A6 6 0 0 0 3 7M7 3.1A6 6 0 0 1 13 7",
  thermometer: "M6.5 9V3.3a1.5 1.5 0 0 1 3 0V9a3 3 0 1 1-3 0zM8 6v5.5",
  rising: "M2 11.5 6 7.5l2.5 2.3L13.5 4.5M9.8 4.5h3.7v3.7",
  dot: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  "chevron-right": "M6 3.5 10.5 8 6 12.5",
  "chevron-down": "M3.5 6 8 10.5 12.5 6",
  "arrow-left": "M13 8H3M7 4 3 8l4 4",
  "arrow-right": "M3 8h10M9 4l4 4-4 4",
  copy: "M5.5 5.5h8v8h-8zM5.5 10.5h-3v-8h8v3",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  key: "M10.2 9.2a3.4 3.4 0 1 0-3.3-2.5L2 11.6V14h2.4v-1.7h1.7v-1.7h1.7l1-1zM11 5v.01",
  gateway: "M3 9.5h10v4H3zM5.5 11.5v.01M8 9.5V6.5M5.5 4.5a3.4 3.4 0 0 1 5 0M3.8 2.8a6 6 0 0 1 8.4 0",
  upload: "M8 10.5V3M4.8 6 8 2.8 11.2 6M2.5 10.5v3h11v-3",
  download: "M8 2.5V10M4.8 7 8 10.2 11.2 7M2.5 10.5v3h11v-3",
  edit: "M10.5 3 13 5.5 5.5 13H3v-2.5zM9 4.5 11.5 7",
  trash: "M2.5 4.5h11M6 4.5V2.5h4v2M4 4.5l.7 9h6.6l.7-9M6.8 7v4M9.2 7v4",
  undo: "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.5 4 3 6.5 5.5 9",
  command: "M2 3.5h12v9H2zM4.5 6.5 6.5 8l-2 1.5M8 9.8h3",
  release: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  sun: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  moon: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z",
  language:
    "M1.8 4h7M5.3 2.4V4M7.6 4C7 7 4.8 9 2.2 10M3.4 6.3c.9 1.7 2.5 3 4.3 3.6M7.7 13.8l3.2-7.3 3.2 7.3M8.8 11.4h4.2",
  user: "M8 8.2a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM2.8 13.8a5.3 5.3 0 0 1 10.4 0",
  robot:
    "M3.5 6h9v6.5h-9zM8 3.3V6M6 8.7v.8M10 8.7v.8M1.8 8.5v2M14.2 8.5v2M8 3.3a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2z",
  rules: "M2.5 4h1.5M2.5 8h1.5M2.5 12h1.5M6.5 4h7M6.5 8h7M6.5 12h5",
  send: "M2 8 14 2.5 9.5 14 7.5 9z",
  refresh: "M13.5 8a5.5 5.5 0 1 1-1.6-3.9M13.5 2v3h-3",
  external: "M6.5 3.5h-4v10h10v-4M9 2.5h4.5V7M13.2 2.8 7.5 8.5",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5l3 3",
  table: "M2 3h12v10H2zM2 6.5h12M6.5 3v10",
  curve: "M2 2.5v11h12M4 10c1.5 0 2-5 4-5s2 3 5.5 3",
  hand: "M5 8V4a1 1 0 0 1 2 0v3-4.5a1 1 0 0 1 2 0V7 3.8a1 1 0 0 1 2 0v5.7A4 4 0 0 1 7.2 14C5 14 4 12.5 2.7 10a1 1 0 0 1 1.7-1L5 9.8z",
  link: "M6.7 9.3a2.5 2.5 0 0 0 3.5 0l2.4-2.4a2.5 2.5 0 0 0-3.5-3.5L8 4.5M9.3 6.7a2.5 2.5 0 0 0-3.5 0L3.4 9.1a2.5 2.5 0 0 0 3.5 3.5L8 11.5",
  receipt: "M3.5 2v12l1.5-1 1.5 1L8 13l1.5 1 1.5-1 1.5 1V2l-1.5 1L9.5 2 8 3 6.5 2 5 3zM6 6.5h4M6 9h4",
  "sign-out": "M6.5 3h-4v10h4M10 5l3 3-3 3M13 8H6",
} as const satisfies Record<string, string>;
export type IconName = keyof typeof paths;

export interface IconProps {
  readonly name: IconName;
  readonly className?: string;
}

/** Never alone: a word stands beside it, or the button around it has a label. */
export function Icon({ name, className }: IconProps): ReactElement {
  return (
    <svg
      viewBox="0 0 16 16"
      className={classes("size-4 shrink-0", className)}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

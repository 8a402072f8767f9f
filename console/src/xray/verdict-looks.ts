import type { Claim } from "@waremind/contract";
import type { IconName } from "../ui/icon.tsx";

/** Each verdict has its own line style and its own icon: colour only repeats what they say. */
export const verdictLooks: Record<
  Claim["verdict"],
  {
    readonly underline: string;
    readonly chosen: string;
    readonly text: string;
    readonly icon: IconName;
    readonly mark: string;
  }
> = {
  supported: {
    underline: "decoration-good decoration-solid",
    chosen: "bg-good-soft text-good",
    text: "text-good",
    icon: "check",
    mark: "claim-supported",
  },
  "customer-words": {
    underline: "decoration-ink-faint decoration-dotted",
    chosen: "bg-sunken text-ink",
    text: "text-ink-faint",
    icon: "quote",
    mark: "claim-quoted",
  },
  unsupported: {
    underline: "decoration-bad decoration-wavy",
    chosen: "bg-bad-soft text-bad",
    text: "text-bad",
    icon: "cross",
    mark: "claim-unsupported",
  },
};

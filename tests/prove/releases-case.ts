import type { ReleaseShop } from "./releases-shop.ts";

export interface ReleaseCase {
  readonly name: string;
  run(scope: ReleaseScope): Promise<void>;
}

export interface ReleaseScope {
  readonly shop: ReleaseShop;
  /** From the suite's seed. */
  bytes(size: number): Buffer;
  /** Called at the end of the case, whatever became of it. */
  defer(close: () => unknown): void;
}

// What the main thread and the store's worker thread say to each other. Bare bytes are the PostgreSQL wire.

/** How the worker is to open its store. */
export interface EmbeddedWorkerOptions {
  /** `create` makes the cluster if there is none, and ends: what that takes in memory is then given back. */
  readonly task: "create" | "serve";
  /** The directory that holds the cluster, or undefined for one in memory (tests). */
  readonly directory: string | undefined;
  /** A tar file made by a `dump`, from which an empty store in memory begins. */
  readonly templateFile: string | undefined;
  /** A planted fault for tests: the fsync of this number (counted from the opening) fails, once. */
  readonly syncFailsAt: number | undefined;
}

/** `connect` starts a session afresh; bytes that follow belong to it. */
export type ToWorker = Uint8Array | { readonly kind: "connect" | "close" | "dump" };

export type FromWorker =
  | Uint8Array
  | { readonly kind: "ready"; readonly syncsPerCommit: number }
  | { readonly kind: "created" | "connected" | "closed" }
  | { readonly kind: "dumped"; readonly tar: Uint8Array }
  | { readonly kind: "failed"; readonly reason: string };

// The main thread's side of the embedded store: keeps the worker alive and lends its one session to one socket at a time.
import { existsSync } from "node:fs";
import { Duplex } from "node:stream";
import { Worker } from "node:worker_threads";
import { systemClock } from "./clock.ts";
import { clusterOf } from "./embedded-cluster.ts";
import type { EmbeddedWorkerOptions, FromWorker, ToWorker } from "./embedded-messages.ts";
import type { Log } from "./log.ts";
import { storeUnavailable } from "./store-errors.ts";

const restartsMax = 5;
const restartDelayMs = 500;
/** A worker that ran this long has opened well: its next death counts as the first. */
const healthyAfterMs = 60_000;

/** What PostgreSQL says to a client it trusts: AuthenticationOk, ReadyForQuery (idle). */
const greeting = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
const terminateCode = 0x58;

type EmbeddedPlaceOptions = Omit<EmbeddedWorkerOptions, "task">;

export interface EmbeddedLink {
  /** Opens the store; rejects when it cannot be opened or is not durable. */
  start(): Promise<void>;
  /** A new `pg` stream over the one session; the pool must never hold two at once. */
  createSocket(): Duplex;
  /** The bytes of a tar of the whole cluster: the template of test stores. */
  dump(): Promise<Uint8Array>;
  /** Writes everything down and ends the worker. */
  close(): Promise<void>;
}

export function createEmbeddedLink(options: EmbeddedPlaceOptions, log: Log): EmbeddedLink {
  return new Link(options, log);
}

class Link implements EmbeddedLink {
  #options: EmbeddedWorkerOptions;
  readonly #log: Log;
  #worker: Worker | undefined;
  #socket: WorkerSocket | undefined;
  #opening: Promise<void> | undefined;
  #openedAt = 0;
  #restarts = 0;
  #isClosing = false;
  #lastReason = "the store is not open";
  #reply: ((message: FromWorker) => void) | undefined;

  constructor(options: EmbeddedPlaceOptions, log: Log) {
    this.#options = { ...options, task: "serve" };
    this.#log = log;
  }

  start(): Promise<void> {
    this.#opening = this.#createIfNew().then(() => this.#open());
    return this.#opening;
  }

  createSocket(): Duplex {
    return new WorkerSocket(this);
  }

  /** Gives the session to `socket`, afresh. Waits while a dead worker is being replaced. */
  async attach(socket: WorkerSocket): Promise<void> {
    await this.#opening;
    const worker = this.#worker;
    if (worker === undefined) throw storeUnavailable(this.#lastReason);
    this.#socket?.destroy(storeUnavailable("another session took over"));
    this.#socket = socket;
    await this.#ask("connect", "connected");
  }

  send(socket: WorkerSocket, bytes: Uint8Array): void {
    if (socket !== this.#socket || this.#worker === undefined) {
      socket.destroy(storeUnavailable(this.#lastReason));
      return;
    }
    this.#worker.postMessage(bytes satisfies ToWorker, [bytes.buffer as ArrayBuffer]);
  }

  detach(socket: WorkerSocket): void {
    if (socket === this.#socket) this.#socket = undefined;
  }

  async dump(): Promise<Uint8Array> {
    const message = await this.#ask("dump", "dumped");
    return message.kind === "dumped" ? message.tar : new Uint8Array();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#opening?.catch(() => undefined);
    const worker = this.#worker;
    if (worker === undefined) return;
    await this.#ask("close", "closed");
    await worker.terminate();
    this.#worker = undefined;
  }

  /** Control messages are few and never overlap: the pool has one session. */
  #ask(kind: "connect" | "close" | "dump", expected: string): Promise<Exclude<FromWorker, Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#reply = (message) => {
        if (message instanceof Uint8Array) return;
        this.#reply = undefined;
        if (message.kind === expected) resolve(message);
        else reject(storeUnavailable(message.kind === "failed" ? message.reason : message.kind));
      };
      this.#worker?.postMessage({ kind } satisfies ToWorker);
    });
  }

  async #createIfNew(): Promise<void> {
    const { directory } = this.#options;
    if (directory === undefined || existsSync(clusterOf(directory))) return;
    const worker = startWorker({ ...this.#options, task: "create" });
    await new Promise<void>((resolve, reject) => {
      let reason = "the new store was not made";
      let isMade = false;
      worker.on("message", (message: Exclude<FromWorker, Uint8Array>) => {
        isMade ||= message.kind === "created";
        if (message.kind === "failed") reason = message.reason;
      });
      worker.on("error", (error) => {
        reason = error.message;
      });
      worker.on("exit", () => (isMade ? resolve() : reject(storeUnavailable(reason))));
    });
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = startWorker(this.#options);
      let isOpen = false;
      worker.on("message", (message: FromWorker) => {
        if (message instanceof Uint8Array) {
          this.#socket?.push(message);
          return;
        }
        if (message.kind === "ready") {
          isOpen = true;
          this.#worker = worker;
          this.#openedAt = systemClock.now();
          this.#log.debug({ syncsPerCommit: message.syncsPerCommit }, "store open");
          resolve();
        }
        if (message.kind === "failed") this.#lastReason = message.reason;
        this.#reply?.(message);
      });
      worker.on("error", (error) => {
        this.#lastReason = error.message;
      });
      worker.on("exit", () => {
        if (isOpen) this.#died();
        else reject(storeUnavailable(this.#lastReason));
      });
    });
  }

  #died(): void {
    this.#worker = undefined;
    this.#reply?.({ kind: "failed", reason: this.#lastReason });
    this.#socket?.destroy(storeUnavailable(this.#lastReason));
    this.#socket = undefined;
    if (this.#isClosing) return;
    this.#options = { ...this.#options, syncFailsAt: undefined };
    this.#log.error({ reason: this.#lastReason }, "the embedded store died; opening it again");
    // A store in memory has nothing to open again.
    if (this.#options.directory === undefined) return;
    if (systemClock.now() - this.#openedAt > healthyAfterMs) this.#restarts = 0;
    this.#opening = this.#restart();
    this.#opening.catch(() => undefined);
  }

  async #restart(): Promise<void> {
    while (this.#restarts < restartsMax && !this.#isClosing) {
      this.#restarts += 1;
      await new Promise((resolve) => setTimeout(resolve, restartDelayMs * this.#restarts));
      try {
        await this.#open();
        return;
      } catch (error) {
        this.#log.error({ error, attempt: this.#restarts }, "the embedded store did not open");
      }
    }
    throw storeUnavailable(this.#lastReason);
  }
}

function startWorker(options: EmbeddedWorkerOptions): Worker {
  return new Worker(new URL("./embedded-worker.ts", import.meta.url), {
    workerData: options,
    // The program's own flags are not the worker's.
    execArgv: [],
  });
}

/** What `pg` takes for a socket: everything written between two syncs goes to the worker as one message. */
class WorkerSocket extends Duplex {
  readonly #link: Link;
  #hasStarted = false;

  constructor(link: Link) {
    super({ allowHalfOpen: false });
    this.#link = link;
  }

  connect(): this {
    this.#link.attach(this).then(
      () => this.emit("connect"),
      (error: Error) => this.destroy(error),
    );
    return this;
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    callback: (error?: Error | null) => void,
  ): void {
    let length = 0;
    for (const { chunk } of chunks) length += chunk.length;
    const bytes = new Uint8Array(length);
    let offset = 0;
    for (const { chunk } of chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    this.#pass(bytes);
    callback();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#pass(Uint8Array.from(chunk));
    callback();
  }

  #pass(bytes: Uint8Array): void {
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      this.push(greeting);
      return;
    }
    // The session outlives the client; the next one starts it afresh.
    if (bytes[0] === terminateCode) return;
    this.#link.send(this, bytes);
  }

  override _read(): void {}

  override _final(callback: (error?: Error | null) => void): void {
    this.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#link.detach(this);
    callback(error);
  }

  // `pg` speaks to a socket; a thread has no packets to delay and nothing to keep alive.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

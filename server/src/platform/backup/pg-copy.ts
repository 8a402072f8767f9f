// PostgreSQL's COPY over `pg`, which knows the messages and leaves what to do with them to whoever submits the query.
import type pg from "pg";

/** Rows are gathered to pieces of this size. */
const pieceBytes = 256 * 1024;
/** So many bytes may wait for the reader before the server is held back. */
const waitingBytesMax = 1024 * 1024;

interface Wire {
  readonly stream: {
    pause(): void;
    resume(): void;
    readonly writableNeedDrain?: boolean;
    once(event: "drain" | "close", listener: () => void): unknown;
  };
  query(text: string): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** What `pg` calls of a query that is being answered. */
class CopyQuery {
  readonly #text: string;
  readonly ended: Promise<void>;
  protected wire: Wire | undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(text: string) {
    this.#text = text;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended.catch(() => undefined);
  }

  submit(wire: Wire): void {
    this.wire = wire;
    wire.query(this.#text);
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
}

class CopyOutQuery extends CopyQuery {
  readonly #pieces: Buffer[] = [];
  #rows: Buffer[] = [];
  #rowBytes = 0;
  #waitingBytes = 0;
  #isPaused = false;
  #wake: () => void = () => undefined;
  #isOver = false;

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    // The chunk is a part of the buffer that the socket reads into.
    this.#rows.push(Buffer.from(chunk));
    this.#rowBytes += chunk.length;
    if (this.#rowBytes < pieceBytes) return;
    this.#cut();
    if (this.#waitingBytes <= waitingBytesMax || this.#isPaused) return;
    this.#isPaused = true;
    this.wire?.stream.pause();
  }

  override handleError(error: Error): void {
    super.handleError(error);
    this.#end();
  }

  override handleReadyForQuery(): void {
    this.#cut();
    super.handleReadyForQuery();
    this.#end();
  }

  async *pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#waitingBytes -= piece.length;
        if (this.#isPaused && this.#waitingBytes <= waitingBytesMax) this.#resume();
        yield piece;
      } else if (this.#isOver) {
        await this.ended;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #cut(): void {
    if (this.#rowBytes === 0) return;
    this.#pieces.push(Buffer.concat(this.#rows));
    this.#waitingBytes += this.#rowBytes;
    this.#rows = [];
    this.#rowBytes = 0;
    this.#wake();
  }

  #resume(): void {
    this.#isPaused = false;
    this.wire?.stream.resume();
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }
}

class CopyInQuery extends CopyQuery {
  readonly began: Promise<void>;
  #hasBegun: () => void = () => undefined;

  constructor(text: string) {
    super(text);
    this.began = new Promise((resolve) => {
      this.#hasBegun = resolve;
    });
  }

  handleCopyInResponse(): void {
    this.#hasBegun();
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { wire } = this;
    if (wire === undefined) return;
    wire.sendCopyFromChunk(bytes);
    if (wire.stream.writableNeedDrain !== true) return;
    const drained = new Promise<void>((resolve) => {
      wire.stream.once("drain", resolve);
      wire.stream.once("close", resolve);
    });
    // An error of the server ends the copy although the socket never drains.
    await Promise.race([drained, this.ended]);
  }

  finish(): void {
    this.wire?.endCopyFrom();
  }

  fail(reason: string): void {
    this.wire?.sendCopyFail(reason);
  }
}

/** Runs `COPY … TO STDOUT`; yields its rows in pieces of whole rows. */
export async function* copyOut(client: pg.ClientBase, text: string): AsyncGenerator<Buffer> {
  const query = new CopyOutQuery(text);
  client.query(query as unknown as pg.Submittable);
  yield* query.pieces();
}

/** Runs `COPY … FROM STDIN` with these bytes, cut anywhere. What `pieces` throws undoes the statement. */
export async function copyIn(
  client: pg.ClientBase,
  text: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const query = new CopyInQuery(text);
  client.query(query as unknown as pg.Submittable);
  await Promise.race([query.began, query.ended]);
  try {
    for await (const piece of pieces) await query.write(piece);
  } catch (error) {
    query.fail("broken off");
    await query.ended.catch(() => undefined);
    throw error;
  }
  query.finish();
  await query.ended;
}

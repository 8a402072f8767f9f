// The hash chain: each entry carries the hash of the one before it, and a sealed head says where the chain ends.
import type { Actor, AuditEntry } from "@waremind/contract";
import { sql } from "kysely";
import { type Connection, tablesOf } from "../platform/database.ts";
import { assert } from "../platform/errors.ts";
import { canonicalJson, isSameSeal, seal, sha256 } from "./canonical.ts";
import type { AuditHead, GuardTables } from "./tables.ts";

const headKey = "audit-head";
const firstPreviousHash = "0".repeat(64);
const entriesPerPage = 1000;
const entriesListedMax = 500;

const tables = (connection: Connection) => tablesOf<GuardTables>(connection);

/**
 * Adds an entry. The head's row lock makes writers wait for each other until they commit: no gap, no fork. Take all
 * other row locks of a transaction before this one.
 */
export async function appendAudit(
  connection: Connection,
  entry: {
    readonly kind: string;
    readonly actor: Actor;
    readonly body: Record<string, unknown>;
    readonly at: number;
  },
  secret: string,
): Promise<AuditEntry> {
  const head = (await lockHead(connection)) ?? (await startHead(connection, entry.at, secret));
  const actor = canonicalJson(entry.actor);
  const body = canonicalJson(entry.body);
  const content = {
    sequence: head.sequence + 1,
    at: entry.at,
    kind: entry.kind,
    actor: JSON.parse(actor) as Actor,
    body: JSON.parse(body) as Record<string, unknown>,
    previousHash: head.hash,
  };
  const added: AuditEntry = { ...content, hash: hashOf(content) };
  const next = JSON.stringify(headAt(added.sequence, added.hash, secret));
  await sql`
    with entry as (
      insert into audit_entry (sequence, at, kind, actor, body, previous_hash, hash)
      values (${added.sequence}, ${added.at}, ${added.kind}, ${actor}::jsonb, ${body}::jsonb, ${added.previousHash}, ${added.hash})
    )
    update setting set value = ${next}::jsonb, updated_at = ${entry.at} where key = ${headKey}
  `.execute(tables(connection));
  return added;
}

/** Takes the log's lock before other rows, for who would otherwise hold those while waiting for it. */
export async function lockAudit(connection: Connection): Promise<void> {
  await lockHead(connection);
}

function hashOf(entry: Omit<AuditEntry, "hash">): string {
  const { sequence, at, kind, actor, body, previousHash } = entry;
  return sha256(canonicalJson({ sequence, at, kind, actor, body, previousHash }));
}

function headAt(sequence: number, hash: string, secret: string): AuditHead {
  return { sequence, hash, seal: seal(`${sequence}:${hash}`, `audit-head:${secret}`) };
}

async function lockHead(connection: Connection): Promise<AuditHead | undefined> {
  const row = await tables(connection)
    .selectFrom("setting")
    .select("value")
    .where("key", "=", headKey)
    .forUpdate()
    .executeTakeFirst();
  return row?.value;
}

/** Only an empty log may start a chain: a log that lost its head was tampered with, and goes no further. */
async function startHead(connection: Connection, at: number, secret: string): Promise<AuditHead> {
  const value = JSON.stringify(headAt(0, firstPreviousHash, secret));
  await tables(connection)
    .insertInto("setting")
    .values({ key: headKey, value, updatedAt: at })
    .onConflict((conflict) => conflict.column("key").doNothing())
    .execute();
  const head = await lockHead(connection);
  assert(head !== undefined, "the head of the audit log was just written");
  const entry = head.sequence > 0 ? undefined : await firstEntry(connection);
  assert(entry === undefined, "the audit log has entries but lost its head: restore it from a backup");
  return head;
}

function firstEntry(connection: Connection) {
  return tables(connection).selectFrom("auditEntry").select("sequence").limit(1).executeTakeFirst();
}

/** Newest first. */
export async function listAudit(
  connection: Connection,
  options: { readonly limit: number; readonly beforeSequence?: number },
): Promise<{ entries: readonly AuditEntry[]; total: number }> {
  let query = tables(connection).selectFrom("auditEntry").selectAll();
  if (options.beforeSequence !== undefined) query = query.where("sequence", "<", options.beforeSequence);
  const entries = await query
    .orderBy("sequence", "desc")
    .limit(Math.max(0, Math.min(options.limit, entriesListedMax)))
    .execute();
  const { count } = await tables(connection)
    .selectFrom("auditEntry")
    .select((select) => select.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return { entries, total: Number(count) };
}

/**
 * Recomputes every hash, in pages, and compares the end with the sealed head. Finds an edit, a deletion, a reordering
 * and a cut at either end. The first broken sequence is the first entry that is not as it was written, or is missing.
 * (Who has the signing secret, or puts back an old copy of both tables, is beyond what a store can prove of itself.)
 */
export async function proveAudit(
  connection: Connection,
  secret: string,
  from: ChainPlace = beginning,
): Promise<ChainProof> {
  let end = from;
  let beforeEnd = from;
  let broken: number | null = null;
  let entryCount = 0;
  const headBefore = await readHead(connection);
  for (let page = await pageAfter(connection, from.sequence); page.length > 0; ) {
    entryCount += page.length;
    for (const entry of page) {
      if (broken === null && !follows(end, entry, headBefore)) broken = end.sequence + 1;
      beforeEnd = end;
      end = { sequence: entry.sequence, hash: entry.hash };
    }
    page = page.length < entriesPerPage ? [] : await pageAfter(connection, end.sequence);
  }
  broken ??= endFault(end, headBefore, await readHead(connection), secret);
  return { entryCount, firstBrokenSequence: broken, beforeEnd };
}

/** A place in the chain: an entry and its hash. */
interface ChainPlace {
  readonly sequence: number;
  readonly hash: string;
}

interface ChainProof {
  readonly entryCount: number;
  readonly firstBrokenSequence: number | null;
  /** The last but one entry: a proof that goes on from here reads the last one again, and finds it gone or changed. */
  readonly beforeEnd: ChainPlace;
}

const beginning: ChainPlace = { sequence: 0, hash: firstPreviousHash };
/** Up to here the whole chain is proven each time: some fifty milliseconds. */
const alwaysWholeEntriesMax = 2_000;
const wholeProofStandsMs = 10 * 60_000;

/**
 * Proves for a screen: what was added since the last proof, and the entries that it shows. A long chain is proven whole
 * when the last whole proof is old, so that a change in its depth is seen within minutes; `proveAudit` sees it at once.
 */
export function createScreenProof(
  secret: string,
): (
  connection: Connection,
  at: number,
  shown: readonly AuditEntry[],
) => Promise<{ firstBrokenSequence: number | null }> {
  let proven = { at: Number.NEGATIVE_INFINITY, place: beginning };
  return async (connection, at, shown) => {
    const isKept = proven.place.sequence > alwaysWholeEntriesMax && at - proven.at < wholeProofStandsMs;
    const { place, at: wholeAt } = isKept ? proven : { place: beginning, at };
    const proof = await proveAudit(connection, secret, place);
    if (proof.firstBrokenSequence === null) proven = { at: wholeAt, place: proof.beforeEnd };
    const altered = shown.filter((entry) => entry.hash !== hashOf(entry)).map(({ sequence }) => sequence);
    const broken = [...altered, ...(proof.firstBrokenSequence === null ? [] : [proof.firstBrokenSequence])];
    return { firstBrokenSequence: broken.length === 0 ? null : Math.min(...broken) };
  };
}

function follows(
  end: { readonly sequence: number; readonly hash: string },
  entry: AuditEntry,
  head: AuditHead | undefined,
): boolean {
  const isChained = entry.sequence === end.sequence + 1 && entry.previousHash === end.hash;
  const isAsHead = head?.sequence !== entry.sequence || head.hash === entry.hash;
  return isChained && isAsHead && entry.hash === hashOf(entry);
}

/** Entries written while the proof ran are beyond the head it began with, and not beyond the head it ends with. */
function endFault(
  end: { readonly sequence: number },
  before: AuditHead | undefined,
  after: AuditHead | undefined,
  secret: string,
): number | null {
  if (before === undefined && after === undefined) return end.sequence === 0 ? null : end.sequence + 1;
  const isSealed = [before, after].every(
    (head) => head === undefined || isSameSeal(head.seal, headAt(head.sequence, head.hash, secret).seal),
  );
  if (after === undefined || !isSealed) return end.sequence + 1;
  if (end.sequence < (before?.sequence ?? 0)) return end.sequence + 1;
  return end.sequence > after.sequence ? after.sequence + 1 : null;
}

async function readHead(connection: Connection): Promise<AuditHead | undefined> {
  const row = await tables(connection)
    .selectFrom("setting")
    .select("value")
    .where("key", "=", headKey)
    .executeTakeFirst();
  return row?.value;
}

function pageAfter(connection: Connection, sequence: number): Promise<AuditEntry[]> {
  return tables(connection)
    .selectFrom("auditEntry")
    .selectAll()
    .where("sequence", ">", sequence)
    .orderBy("sequence")
    .limit(entriesPerPage)
    .execute();
}

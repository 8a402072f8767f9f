// What must survive a power cut on the device: readings not yet acknowledged, and commands with their answers.
import { DatabaseSync } from "node:sqlite";

export const storeLimits = {
  /** Readings kept while there is no connection; `send` refuses above it rather than forget the oldest. */
  readingsMax: 1_000_000,
  /** Commands remembered after their answer arrived, so that a repetition is not run again. */
  commandsKeptMax: 1_000,
  /** Refused readings kept for a person to look at. */
  refusedKeptMax: 10_000,
} as const;

export interface StoredReading {
  readonly id: number;
  readonly at: number;
  /** JSON text of the values. */
  readonly values: string;
}

export interface StoredCommand {
  readonly number: number;
  readonly method: string;
  readonly params: string;
  readonly state: "received" | "answered" | "done";
  readonly answer: string | null;
}

export interface RefusedReading {
  readonly at: number;
  readonly values: string;
  readonly reason: string;
}

export interface DeviceStore {
  /** Returns once the reading is on disk. @throws RangeError when the outbox is full. */
  addReading(at: number, values: string): void;
  /** Up to `limit` readings after `afterId`, in order. */
  readingsAfter(afterId: number, limit: number): readonly StoredReading[];
  removeReadings(ids: readonly number[]): void;
  refuseReading(reading: StoredReading, reason: string): void;
  refused(limit: number): readonly RefusedReading[];
  readonly readingCount: number;
  /** False: this number is known already. */
  addCommand(command: { number: number; method: string; params: string; at: number }): boolean;
  findCommand(number: number): StoredCommand | null;
  answerCommand(number: number, answer: string): void;
  commandDone(number: number): void;
  commandsIn(state: StoredCommand["state"]): readonly StoredCommand[];
  note(key: string, value: string): void;
  noted(key: string): string | null;
  /** False after `close`: what ends later finds nothing to write to. */
  readonly isOpen: boolean;
  close(): void;
}

const schema = `
  create table if not exists reading (id integer primary key autoincrement, at integer not null, vals text not null);
  create table if not exists refused (id integer primary key autoincrement, at integer not null, vals text not null, reason text not null);
  create table if not exists command (
    number integer primary key, method text not null, params text not null, received_at integer not null,
    state text not null default 'received', answer text
  );
  create table if not exists note (key text primary key, value text not null);
`;

/** @param file a path, or `:memory:` when nothing needs to survive */
export function openStore(file: string, limits: { readonly readingsMax: number } = storeLimits): DeviceStore {
  const database = new DatabaseSync(file);
  // FULL: a commit that returned is on the disk, also after a power cut.
  database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000;");
  database.exec(schema);
  let count = numberOf(database.prepare("select count(*) as n from reading").get());
  const statements = prepare(database);
  return {
    addReading: (at, values) => {
      if (count >= limits.readingsMax)
        throw new RangeError(
          `The outbox holds ${limits.readingsMax} readings already; nothing more is taken in.`,
        );
      statements.addReading.run(at, values);
      count += 1;
    },
    readingsAfter: (afterId, limit) =>
      statements.readingsAfter.all(afterId, limit) as unknown as StoredReading[],
    removeReadings: (ids) => {
      database.exec("begin");
      for (const id of ids) count -= Number(statements.removeReading.run(id).changes);
      database.exec("commit");
    },
    refuseReading: (reading, reason) => {
      database.exec("begin");
      statements.addRefused.run(reading.at, reading.values, reason);
      statements.trimRefused.run(storeLimits.refusedKeptMax);
      count -= Number(statements.removeReading.run(reading.id).changes);
      database.exec("commit");
    },
    refused: (limit) => statements.refused.all(limit) as unknown as RefusedReading[],
    get readingCount() {
      return count;
    },
    ...commandVerbs(statements),
    note: (key, value) => void statements.note.run(key, value),
    noted: (key) => (statements.noted.get(key) as { value: string } | undefined)?.value ?? null,
    get isOpen() {
      return database.isOpen;
    },
    close: () => database.close(),
  };
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: DatabaseSync) {
  const commandColumns = "number, method, params, state, answer";
  return {
    addReading: database.prepare("insert into reading (at, vals) values (?, ?)"),
    readingsAfter: database.prepare(
      'select id, at, vals as "values" from reading where id > ? order by id limit ?',
    ),
    removeReading: database.prepare("delete from reading where id = ?"),
    addRefused: database.prepare("insert into refused (at, vals, reason) values (?, ?, ?)"),
    trimRefused: database.prepare(
      "delete from refused where id <= (select id from refused order by id desc limit 1 offset ?)",
    ),
    refused: database.prepare('select at, vals as "values", reason from refused order by id desc limit ?'),
    addCommand: database.prepare(
      "insert or ignore into command (number, method, params, received_at) values (?, ?, ?, ?)",
    ),
    trimCommands: database.prepare(
      "delete from command where state = 'done' and number <= (select number from command order by number desc limit 1 offset ?)",
    ),
    findCommand: database.prepare(`select ${commandColumns} from command where number = ?`),
    answerCommand: database.prepare("update command set state = 'answered', answer = ? where number = ?"),
    commandDone: database.prepare("update command set state = 'done' where number = ?"),
    commandsIn: database.prepare(`select ${commandColumns} from command where state = ? order by number`),
    note: database.prepare(
      "insert into note (key, value) values (?, ?) on conflict (key) do update set value = excluded.value",
    ),
    noted: database.prepare("select value from note where key = ?"),
  };
}

function commandVerbs(
  statements: Statements,
): Pick<DeviceStore, "addCommand" | "findCommand" | "answerCommand" | "commandDone" | "commandsIn"> {
  return {
    addCommand: ({ number, method, params, at }) => {
      statements.trimCommands.run(storeLimits.commandsKeptMax);
      return Number(statements.addCommand.run(number, method, params, at).changes) === 1;
    },
    findCommand: (number) => (statements.findCommand.get(number) as StoredCommand | undefined) ?? null,
    answerCommand: (number, answer) => void statements.answerCommand.run(answer, number),
    commandDone: (number) => void statements.commandDone.run(number),
    commandsIn: (state) => statements.commandsIn.all(state) as unknown as StoredCommand[],
  };
}

function numberOf(row: unknown): number {
  return Number((row as { n: number | bigint }).n);
}

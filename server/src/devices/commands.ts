import type { JsonValue } from "@waremind/contract";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { commandBytesMax, type DeviceCommand, type DeviceCommands } from "./command.ts";
import {
  expireOpen,
  insertCommand,
  selectCommand,
  selectCommands,
  selectDeliverable,
  selectDevicesWithDeliverable,
  selectTarget,
  updateCommand,
} from "./command-store.ts";

const listedMax = 500;
const deliverableMax = 1_000;
const expiredMax = 5_000;

/** The queue of commands of each device; see `command.ts` for the states. */
export function createDeviceCommands(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
}): DeviceCommands {
  const { database, clock } = dependencies;
  return {
    findTarget: selectTarget,
    create: (connection, command) => createCommand(connection, command, clock.now()),
    deliverable: (deviceId, limit) =>
      selectDeliverable(database, { deviceId, at: clock.now(), limit: clamp(limit, deliverableMax) }),
    devicesWithDeliverable: (deviceIds) => selectDevicesWithDeliverable(database, deviceIds, clock.now()),
    move: (connection, number, { answer, ...move }) => {
      const kept = answer === undefined ? {} : { answer: keptAnswer(answer) };
      return updateCommand(connection, number, { ...move, ...kept }, clock.now());
    },
    find: (id) => selectCommand(database, { id }),
    findByNumber: (deviceId, number) => selectCommand(database, { deviceId, number }),
    list: (options) => selectCommands(database, { ...options, limit: clamp(options.limit, listedMax) }),
    expire: (limit) =>
      database.transaction((connection) =>
        expireOpen(connection, { at: clock.now(), limit: clamp(limit, expiredMax) }),
      ),
  };
}

const clamp = (limit: number, max: number): number => Math.max(0, Math.min(limit, max));

async function createCommand(
  connection: Connection,
  command: Parameters<DeviceCommands["create"]>[1],
  at: number,
): Promise<DeviceCommand> {
  checkParams(command.method, command.params);
  const { deviceId, method, params, isOneWay, isPersistent, idempotencyKey, requestedBy } = command;
  const { receiptId, expiresAt } = command;
  const created = await insertCommand(connection, {
    ...{ id: newId("cmd", at), deviceId, method, params, isOneWay, isPersistent, idempotencyKey },
    ...{ requestedBy, receiptId, expiresAt, createdAt: at, state: "queued" },
  });
  if (created !== null) return created;
  throw new DomainError(
    "conflict",
    {
      en: `The idempotency key ${idempotencyKey} belongs to another command; nothing was queued. Use a new key.`,
      zh: `幂等键 ${idempotencyKey} 属于另一条命令，未加入队列。请使用新的键。`,
    },
    { idempotencyKey },
  );
}

function checkParams(method: string, params: JsonValue): void {
  const bytes = Buffer.byteLength(JSON.stringify(params));
  if (bytes > commandBytesMax)
    throw new DomainError(
      "payload-too-large",
      {
        en: `The parameters of ${method} have ${bytes} bytes of JSON; at most ${commandBytesMax} are sent.`,
        zh: `命令 ${method} 的参数为 ${bytes} 字节 JSON；最多发送 ${commandBytesMax} 字节。`,
      },
      { allowed: commandBytesMax, observed: bytes },
    );
  if (isStorable(method) && isStorable(params)) return;
  throw new DomainError("invalid-input", {
    en: `The command ${JSON.stringify(method)} or its parameters hold NUL or half a character, which cannot be kept.`,
    zh: `命令 ${JSON.stringify(method)} 或其参数含有 NUL 或残缺字符，无法保存。`,
  });
}

/** What the store can give back as it was: text without NUL and without half a character. */
function isStorable(value: JsonValue): boolean {
  if (typeof value === "string") return !value.includes("\0") && value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isStorable);
  return Object.entries(value).every(([key, item]) => isStorable(key) && isStorable(item));
}

/** A device cannot be asked to answer again: what cannot be kept of a text is replaced by U+FFFD, the rest stays. */
function keptAnswer(answer: JsonValue): JsonValue {
  if (isStorable(answer)) return answer;
  if (typeof answer === "string") return answer.replaceAll("\0", "\uFFFD").toWellFormed();
  if (Array.isArray(answer)) return answer.map(keptAnswer);
  if (typeof answer !== "object" || answer === null) return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([key, item]) => [
      key.replaceAll("\0", "\uFFFD").toWellFormed(),
      keptAnswer(item),
    ]),
  );
}

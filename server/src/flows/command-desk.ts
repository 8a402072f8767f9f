// Commands from the side of people and programs: sent through the guard, waited for, taken back, ended by time.
import type { Action, Actor, JsonValue, Proposal } from "@waremind/contract";
import type { DeviceCommand, DeviceCommands, DeviceIdentity } from "../devices/index.ts";
import type { Guard } from "../guard/index.ts";
import { may } from "../people/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Actions } from "./act.ts";
import { publishCommand } from "./deliver-commands.ts";

export const commandDeskLimits = {
  /** Expired in one statement, and statements in one turn of the job. */
  expiredPerStatement: 500,
  expireStatementsMax: 20,
  waitMsMax: 60_000,
  /** Callers that wait at once. */
  waitingMax: 1_000,
  /** Another process may end a command too: the row is looked at again this often. */
  lookAgainMs: 1_000,
} as const;

export type CommandRequest = Omit<Extract<Action, { name: "send-command" }>, "name">;

export interface CommandDesk {
  /**
   * Asks the guard for a command. `command` is null unless it was allowed; the same request again answers the first one's.
   * @throws DomainError `conflict` when the idempotency key came with another request, `invalid-input`.
   */
  send(
    actor: Actor,
    request: CommandRequest,
  ): Promise<{ readonly proposal: Proposal; readonly command: DeviceCommand | null }>;
  /**
   * The command as soon as it ended, or as it is after `waitMs` (at most a minute). Null when there is none.
   * @throws DomainError `overloaded` when too many wait.
   */
  waitFor(commandId: string, waitMs: number): Promise<DeviceCommand | null>;
  /** The device's answer; false when no such command of its waits. @throws DomainError `payload-too-large`. */
  answered(identity: DeviceIdentity, number: number, answer: JsonValue): Promise<boolean>;
  /**
   * Ends a command that was not delivered yet: one's own, or any for who may take back those of others.
   * @throws DomainError `not-found`, `not-allowed`, `state-forbids`.
   */
  takeBack(commandId: string, by: Extract<Actor, { kind: "person" }>): Promise<DeviceCommand>;
  /** Ends those past their lifetime; call it every second or so. Answers how many. */
  expire(): Promise<number>;
}

export interface CommandDeskDependencies {
  readonly database: Database;
  readonly actions: Pick<Actions, "propose">;
  readonly guard: Pick<Guard, "findReceipt" | "appendAudit">;
  readonly deviceCommands: DeviceCommands;
  readonly bus: Bus;
}

export function createCommandDesk(deps: CommandDeskDependencies): CommandDesk {
  const waits = createWaits(deps);
  return {
    send: (actor, request) => send(deps, actor, request),
    waitFor: (commandId, waitMs) => waits.waitFor(commandId, waitMs),
    answered: (identity, number, answer) => noteAnswer(deps, identity, { number, answer }),
    takeBack: (commandId, by) => takeBack(deps, commandId, by),
    expire: async () => {
      let count = 0;
      for (let turn = 0; turn < commandDeskLimits.expireStatementsMax; turn += 1) {
        const ended = await deps.deviceCommands.expire(commandDeskLimits.expiredPerStatement);
        for (const command of ended) publishCommand(deps.bus, command);
        count += ended.length;
        if (ended.length < commandDeskLimits.expiredPerStatement) break;
      }
      return count;
    },
  };
}

async function send(
  { actions, guard, deviceCommands }: CommandDeskDependencies,
  actor: Actor,
  request: CommandRequest,
): Promise<{ proposal: Proposal; command: DeviceCommand | null }> {
  const proposal = await actions.propose({
    actor,
    action: { name: "send-command", ...request },
    ...{ conversationId: null, evidenceRecordId: null },
  });
  const receipt = proposal.receiptId === null ? null : await guard.findReceipt(proposal.receiptId);
  const effect = receipt?.effects.find(({ table }) => table === "device_command");
  const command = effect === undefined ? null : await deviceCommands.find(effect.id);
  return { proposal, command };
}

async function noteAnswer(
  { database, deviceCommands, bus }: CommandDeskDependencies,
  { device }: DeviceIdentity,
  { number, answer }: { readonly number: number; readonly answer: JsonValue },
): Promise<boolean> {
  if (!Number.isInteger(number) || number <= 0 || number > numberMax) return false;
  const command = await deviceCommands.findByNumber(device.id, number);
  // One that was never sent cannot be answered; one that waits to be sent again can, its acknowledgement was lost.
  if (command === null || command.isOneWay || command.attempts === 0) return false;
  const moved = await deviceCommands.move(database, number, {
    from: ["queued", "sent", "delivered"],
    to: "successful",
    answer,
  });
  if (moved !== null) publishCommand(bus, moved);
  return moved !== null;
}

/** Of a PostgreSQL `int`. */
const numberMax = 2_147_483_647;

async function takeBack(
  deps: CommandDeskDependencies,
  commandId: string,
  by: Extract<Actor, { kind: "person" }>,
): Promise<DeviceCommand> {
  const known = await deps.deviceCommands.find(commandId);
  if (known === null)
    throw new DomainError(
      "not-found",
      { en: `There is no command ${commandId}.`, zh: `没有命令 ${commandId}。` },
      { commandId },
    );
  refuseOthers(known, by);
  const taken = await deps.database.transaction(async (connection) => {
    const moved = await deps.deviceCommands.move(connection, known.number, {
      from: ["queued"],
      to: "deleted",
      error: `Taken back by ${by.name}.`,
    });
    if (moved === null) return null;
    const body = { commandId, deviceName: moved.deviceName, method: moved.method };
    await deps.guard.appendAudit(connection, { kind: "command-taken-back", actor: by, body });
    return moved;
  });
  if (taken === null)
    throw new DomainError(
      "state-forbids",
      {
        en: `The command ${commandId} was sent or has ended; only one that still waits can be taken back.`,
        zh: `命令 ${commandId} 已发送或已结束，只能撤回仍在等待的命令。`,
      },
      { commandId, state: known.state },
    );
  publishCommand(deps.bus, taken);
  return taken;
}

/** A command is the word of who sent it; a program's and a model's are everybody's who may decide. */
function refuseOthers({ id, requestedBy }: DeviceCommand, by: Extract<Actor, { kind: "person" }>): void {
  if (requestedBy.kind === "person" && requestedBy.userId === by.userId) return;
  if (may(by, "devices.command-of-others")) return;
  throw new DomainError(
    "not-allowed",
    {
      en: `Somebody else sent the command ${id}. Only who sent it, an owner or operations may take it back.`,
      zh: `命令 ${id} 由他人发送，只有发送者、店主或运营人员可以撤回。`,
    },
    { commandId: id },
  );
}

function createWaits({ deviceCommands, bus }: CommandDeskDependencies): Pick<CommandDesk, "waitFor"> {
  const wakers = new Map<string, Set<() => void>>();
  let waitingCount = 0;
  bus.subscribe((event) => {
    if (event.kind !== "command-changed") return;
    for (const wake of wakers.get(event.commandId) ?? []) wake();
  });

  /** Subscribed before the row is read, so that no change is missed. */
  function nextChange(commandId: string): { readonly changed: Promise<void>; forget(): void } {
    let wake = (): void => undefined;
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const all = wakers.get(commandId) ?? new Set();
    wakers.set(commandId, all.add(wake));
    return {
      changed,
      forget: () => {
        all.delete(wake);
        if (all.size === 0 && wakers.get(commandId) === all) wakers.delete(commandId);
      },
    };
  }

  async function wait(commandId: string, waitMs: number): Promise<DeviceCommand | null> {
    const end = timerOf(Math.min(Math.max(0, waitMs), commandDeskLimits.waitMsMax));
    try {
      for (;;) {
        const change = nextChange(commandId);
        const again = timerOf(commandDeskLimits.lookAgainMs);
        try {
          const isLast = end.isOver();
          const command = await deviceCommands.find(commandId);
          if (command === null || command.endedAt !== null || isLast) return command;
          await Promise.race([change.changed, end.over, again.over]);
        } finally {
          change.forget();
          again.stop();
        }
      }
    } finally {
      end.stop();
    }
  }

  return {
    waitFor: async (commandId, waitMs) => {
      if (waitingCount >= commandDeskLimits.waitingMax)
        throw new DomainError("overloaded", {
          en: "Too many callers wait for commands; ask for the command's state later.",
          zh: "等待命令结果的请求过多，请稍后查询该命令的状态。",
        });
      waitingCount += 1;
      try {
        return await wait(commandId, waitMs);
      } finally {
        waitingCount -= 1;
      }
    },
  };
}

function timerOf(ms: number): { readonly over: Promise<void>; isOver(): boolean; stop(): void } {
  let isOver = ms <= 0;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      isOver = true;
      resolve();
    }, ms).unref();
  });
  return { over, isOver: () => isOver, stop: () => clearTimeout(timer) };
}

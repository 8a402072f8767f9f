// What Waremind leans on elsewhere: a language model and NATS, where they are set.
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { Config } from "../../config.ts";
import { type CheckLine, fail, info, ok, reasonOf, said, warn } from "./check.ts";

const answerMsMax = 5_000;
const replicasThatSurvive = 3;
const modelsShownMax = 5;

export async function checkModel({ model }: Pick<Config, "model">): Promise<CheckLine[]> {
  if (model === undefined)
    return [
      info("model", said("None is set: the built-in composer answers.", "未设置模型：由内置规则引擎回答。")),
    ];
  const advice = said(
    "Check WAREMIND_LLM_URL and WAREMIND_LLM_KEY, and that the model server runs; meanwhile the composer answers.",
    "请检查 WAREMIND_LLM_URL 和 WAREMIND_LLM_KEY，并确认模型服务正在运行；期间由内置规则引擎回答。",
  );
  const url = `${model.url.replace(/\/+$/, "")}/models`;
  try {
    const response = await fetch(url, {
      headers: model.key === undefined ? {} : { authorization: `Bearer ${model.key}` },
      signal: AbortSignal.timeout(answerMsMax),
    });
    if (response.status === 404)
      return [info("model", said("It is reached, and lists no models.", "已连接，但未提供模型列表。"))];
    if (!response.ok)
      return [fail("model", said(`It answers ${response.status}.`, `返回状态 ${response.status}。`), advice)];
    return [judgeModels(model.name, await response.json())];
  } catch (error) {
    const reason = reasonOf(error);
    return [fail("model", said(`It is not reached: ${reason}`, `无法连接：${reason}`), advice)];
  }
}

function judgeModels(name: string, answer: unknown): CheckLine {
  const listed = (answer as { data?: unknown } | null)?.data;
  const names = Array.isArray(listed) ? listed.map((one: { id?: unknown } | null) => String(one?.id)) : [];
  if (names.length === 0 || names.includes(name))
    return ok("model", said(`${name} is reached.`, `可使用模型 ${name}。`));
  const shown = names.slice(0, modelsShownMax);
  return warn(
    "model",
    said(`The server has no model named ${name}.`, `模型服务中没有名为 ${name} 的模型。`),
    said(
      `Set WAREMIND_LLM_MODEL to one that it has, such as ${shown.join(", ")}.`,
      `请将 WAREMIND_LLM_MODEL 设为其提供的模型，例如 ${shown.join("、")}。`,
    ),
  );
}

export async function checkNats({ nats }: Pick<Config, "nats">): Promise<CheckLine[]> {
  if (nats === undefined) return [];
  const advice = said(
    "Check WAREMIND_NATS_URL, and that NATS runs with JetStream (nats-server -js).",
    "请检查 WAREMIND_NATS_URL，并确认 NATS 已启用 JetStream 运行（nats-server -js）。",
  );
  try {
    const connection = await connect({
      ...{ servers: nats.url.split(","), timeout: answerMsMax, reconnect: false },
      maxReconnectAttempts: 0,
    });
    try {
      const manager = await jetstreamManager(connection, { timeout: answerMsMax });
      const stream = await manager.streams.info(nats.name).catch(() => null);
      const version = connection.info?.version ?? "?";
      return [
        ok(
          "nats",
          said(
            `It answers: version ${version}, with JetStream.`,
            `NATS 正常：版本 ${version}，已启用 JetStream。`,
          ),
        ),
        judgeSync(stream?.config.num_replicas ?? nats.replicas),
      ];
    } finally {
      await connection.close();
    }
  } catch (error) {
    const reason = reasonOf(error);
    return [fail("nats", said(`It is not reached: ${reason}`, `无法连接：${reason}`), advice)];
  }
}

/** NATS tells no client how often it syncs its files; with three replicas a power cut of one loses nothing. */
function judgeSync(replicas: number): CheckLine {
  if (replicas >= replicasThatSurvive)
    return ok(
      "nats-sync",
      said(`Each reading is kept by ${replicas} servers.`, `每条读数保存在 ${replicas} 台服务器上。`),
    );
  return warn(
    "nats-sync",
    said(
      `Readings are kept by ${replicas} server, and NATS does not say whether it waits for its disk.`,
      `读数仅保存在 ${replicas} 台服务器上，且 NATS 不会告知是否等待落盘。`,
    ),
    said(
      "Set sync_interval: always in its jetstream settings, or a power cut may lose readings that were acknowledged.",
      "请在 NATS 的 jetstream 配置中设置 sync_interval: always，否则断电可能丢失已确认的读数。",
    ),
  );
}

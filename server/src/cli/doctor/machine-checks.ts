// What the machine must give: a folder that can be written and waits for its disk, room on it, free ports, a certificate.
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { createSocket } from "node:dgram";
import { mkdir, open, readFile, rm, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Config, PortSetting } from "../../config.ts";
import type { Running } from "../running.ts";
import { type CheckLine, fail, info, ok, reasonOf, said, warn } from "./check.ts";

const gibibyte = 1024 ** 3;
const freeBytesFail = gibibyte / 4;
const freeBytesWarn = 5 * gibibyte;
/** Linux's magic numbers of file systems that live in memory: tmpfs and ramfs (linux/magic.h). */
const memoryFileSystems: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const dayMs = 24 * 60 * 60_000;
const certificateDaysWarn = 21;

export async function checkDataFolder({
  dataDirectory,
}: Pick<Config, "dataDirectory">): Promise<CheckLine[]> {
  const probe = join(dataDirectory, `.doctor-${randomBytes(4).toString("hex")}`);
  try {
    await mkdir(dataDirectory, { recursive: true });
    const handle = await open(probe, "wx", 0o600);
    try {
      await handle.writeFile(randomBytes(4_096));
      await handle.sync();
    } finally {
      await handle.close();
      await rm(probe, { force: true });
    }
  } catch (error) {
    return [
      fail(
        "data-folder",
        said(
          `${dataDirectory} cannot be written and synced: ${reasonOf(error)}`,
          `无法写入并同步 ${dataDirectory}：${reasonOf(error)}`,
        ),
        said(
          "Give this user the folder, mount it writable, or set WAREMIND_DATA_DIR to another.",
          "请授予当前用户该文件夹的权限、以可写方式挂载，或将 WAREMIND_DATA_DIR 设为其他文件夹。",
        ),
      ),
    ];
  }
  return [
    ok(
      "data-folder",
      said(`${dataDirectory} can be written and synced.`, `${dataDirectory} 可写入并同步到磁盘。`),
    ),
    ...(await checkDisk(dataDirectory)),
  ];
}

async function checkDisk(dataDirectory: string): Promise<CheckLine[]> {
  const { bavail, bsize, type } = await statfs(dataDirectory);
  const freeBytes = bavail * bsize;
  const free = (freeBytes / gibibyte).toFixed(1);
  const message = said(`${free} GiB are free on its disk.`, `所在磁盘可用空间 ${free} GiB。`);
  const advice = said(
    "Free space or move the folder: a full disk stops the intake, and devices are told to come again.",
    "请清理磁盘或迁移该文件夹：磁盘写满后将停止接收数据，设备会被要求稍后重试。",
  );
  const lines =
    freeBytes < freeBytesFail
      ? [fail("disk", message, advice)]
      : [freeBytes < freeBytesWarn ? warn("disk", message, advice) : ok("disk", message)];
  if (memoryFileSystems.has(type)) {
    lines.push(
      warn(
        "disk-kind",
        said(
          "The folder is in memory: a restart of the machine loses everything.",
          "该文件夹位于内存中：机器重启后数据将全部丢失。",
        ),
        said("Set WAREMIND_DATA_DIR to a folder on a disk.", "请将 WAREMIND_DATA_DIR 设为磁盘上的文件夹。"),
      ),
    );
  }
  return lines;
}

interface Listening {
  readonly setting: string;
  readonly asked: PortSetting;
  readonly isDatagram: boolean;
  /** The port of the server that runs already. */
  readonly own: number | null;
}

export async function checkPorts(config: Config, running: Running | null): Promise<CheckLine[]> {
  const own = running === null ? null : Number(new URL(running.url).port);
  const wanted: Listening[] = [
    { setting: "WAREMIND_PORT", asked: config.http, isDatagram: false, own },
    { setting: "WAREMIND_MQTT_PORT", asked: config.mqtt, isDatagram: false, own: running?.mqttPort ?? null },
  ];
  if (config.mqttTls !== undefined)
    wanted.push({ setting: "WAREMIND_MQTT_TLS_PORT", asked: config.mqttTls, isDatagram: false, own: null });
  if (config.coap !== undefined)
    wanted.push({ setting: "WAREMIND_COAP_PORT", asked: config.coap, isDatagram: true, own: null });
  return Promise.all(wanted.map((one) => checkPort(one, config.host, running !== null)));
}

async function checkPort(wanted: Listening, host: string, isRunning: boolean): Promise<CheckLine> {
  const { setting, asked, isDatagram, own } = wanted;
  const { port, isExplicit } = asked;
  const what = setting.slice("WAREMIND_".length, -"_PORT".length).toLowerCase().replaceAll("_", "-");
  const name = `port-${what === "" ? "http" : what}`;
  if (own !== null && own === port)
    return ok(name, said(`${port} is in use by this Waremind.`, `端口 ${port} 正由本 Waremind 使用。`));
  const code = await (isDatagram ? tryDatagram(port, host) : tryStream(port, host));
  if (code === null) return ok(name, said(`${port} is free.`, `端口 ${port} 空闲。`));
  const advice = said(
    `Stop what uses it, or set ${setting} to a free port above 1023.`,
    `请停止占用该端口的程序，或将 ${setting} 设为 1023 以上的空闲端口。`,
  );
  if (code !== "EADDRINUSE")
    return fail(name, said(`${port} cannot be opened: ${code}.`, `无法打开端口 ${port}：${code}。`), advice);
  if (isRunning)
    return info(
      name,
      said(`${port} is taken, most likely by this Waremind.`, `端口 ${port} 已被占用，很可能是本 Waremind。`),
    );
  return isExplicit
    ? fail(name, said(`${port} is taken by another program.`, `端口 ${port} 被其他程序占用。`), advice)
    : warn(
        name,
        said(
          `${port} is taken; the next free one would be used.`,
          `端口 ${port} 已被占用，将改用下一个空闲端口。`,
        ),
        advice,
      );
}

function tryStream(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

function tryDatagram(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(null)));
  });
}

/** @param at epoch milliseconds, for the dates of the certificate. */
export async function checkCertificate(
  { mqttTls }: Pick<Config, "mqttTls">,
  at: number,
): Promise<CheckLine[]> {
  if (mqttTls === undefined) return [];
  const advice = said(
    "Give the PEM files of one valid certificate and its unencrypted key in WAREMIND_TLS_CERT and WAREMIND_TLS_KEY.",
    "请在 WAREMIND_TLS_CERT 和 WAREMIND_TLS_KEY 中指定同一张有效证书及其未加密私钥的 PEM 文件。",
  );
  try {
    const certificate = new X509Certificate(await readFile(mqttTls.certificateFile));
    if (!certificate.checkPrivateKey(createPrivateKey(await readFile(mqttTls.keyFile))))
      return [
        fail("certificate", said("The key is not that of the certificate.", "私钥与证书不匹配。"), advice),
      ];
    return [judgeDates(certificate, at, advice)];
  } catch (error) {
    const reason = reasonOf(error);
    return [fail("certificate", said(`It cannot be used: ${reason}`, `证书无法使用：${reason}`), advice)];
  }
}

function judgeDates(certificate: X509Certificate, at: number, advice: CheckLine["message"]): CheckLine {
  const until = Date.parse(certificate.validTo);
  const day = new Date(until).toISOString().slice(0, 10);
  if (Date.parse(certificate.validFrom) > at)
    return fail("certificate", said("It is not valid yet.", "证书尚未生效。"), advice);
  if (until <= at) return fail("certificate", said(`It ended on ${day}.`, `证书已于 ${day} 到期。`), advice);
  const message = said(`It is valid until ${day}.`, `证书有效期至 ${day}。`);
  const isSoon = until - at < certificateDaysWarn * dayMs;
  return isSoon
    ? warn("certificate", message, said("Renew it now.", "请尽快续期。"))
    : ok("certificate", message);
}

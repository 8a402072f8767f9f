// The MQTT session server: devices in, readings out. No broker: nothing is routed, retained or kept for later.
import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { IntakeSink } from "../../flows/intake-sink.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { createArrivals } from "./arrivals.ts";
import { createCodec } from "./codec.ts";
import { createConnectLimits } from "./connect-limits.ts";
import { writeLengthsTogether } from "./length-bytes.ts";
import { type MqttLimits, mqttLimits } from "./limits.ts";
import { createRevalidation } from "./revalidation.ts";
import { Session, type SessionHost } from "./session.ts";

interface ListenOptions {
  readonly port: number;
  readonly host: string;
}

/** PEM texts: the certificate with its chain, and its key. */
export interface TlsIdentity {
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
}

export interface MqttServer {
  /** Listens; answers the port in use (`port` 0 takes a free one). Rejects when it is taken. */
  start(options: ListenOptions): Promise<{ readonly port: number }>;
  /** The same under TLS 1.2 or later, besides. A client may show a certificate; who it is, the registry says. */
  startTls(options: ListenOptions & TlsIdentity): Promise<{ readonly port: number }>;
  /** Shows another certificate from the next connection on; those that are open stay. @throws as `checkTlsIdentity` */
  renewTls(identity: TlsIdentity): void;
  /** Stops listening, acknowledges what is being stored, tells every device and closes. */
  stop(): Promise<void>;
  /** Devices connected now. */
  readonly sessionCount: number;
}

export interface MqttServerDependencies {
  readonly desk: DeviceDesk;
  readonly sink: IntakeSink;
  readonly clock: Clock;
  readonly log: Log;
  /** Replaces single limits, for tests. */
  readonly limits?: Partial<MqttLimits>;
}

export function createMqttServer(deps: MqttServerDependencies): MqttServer {
  const limits: MqttLimits = { ...mqttLimits, ...deps.limits };
  const byDevice = new Map<number, Session>();
  const provisioning = new Set<Session>();
  const listeners: Server[] = [];
  const connectLimits = createConnectLimits({ ...deps, limits });
  const arrivals = createArrivals<Session>({ limits, turnedAway: connectLimits.turnedAway });
  const revalidate = createRevalidation(deps, byDevice);
  let timers: NodeJS.Timeout[] = [];
  const tls = createTls();

  const host: SessionHost = {
    ...{ ...deps, log: deps.log.child({ component: "mqtt" }) },
    limits,
    codec: createCodec(),
    refusalOf: (session) => connectLimits.refusalOf(session.address),
    refusalOfDevice: ({ device }) => connectLimits.refusalOfDevice(device.id, byDevice),
    refused: (session) => connectLimits.refused(session.address),
    hasRoomForProvisioning: () => provisioning.size < limits.provisioningSessionsMax,
    opened,
    closed,
    waitForRoom: createRoomQueue(deps.sink),
    flushSoon: createFlusher(),
  };

  const accept = (socket: Socket, secureContext?: SecureContext): void =>
    arrivals.accept(socket, () => openSession(host, socket, secureContext));

  function opened(session: Session): void {
    arrivals.leave(session);
    if (session.link === null) {
      provisioning.add(session);
      return;
    }
    const deviceId = session.link.identity.device.id;
    const older = byDevice.get(deviceId);
    byDevice.set(deviceId, session);
    older?.takeOver();
  }

  function closed(session: Session): void {
    arrivals.leave(session);
    provisioning.delete(session);
    const deviceId = session.link?.identity.device.id;
    if (deviceId !== undefined && byDevice.get(deviceId) === session) byDevice.delete(deviceId);
  }

  function sweep(): void {
    arrivals.sweep();
    for (const session of [...byDevice.values(), ...provisioning]) session.sweep();
  }

  const startTimers = (): NodeJS.Timeout[] => [
    setInterval(sweep, limits.sweepIntervalMs),
    setInterval(() => void revalidate(), limits.revalidateIntervalMs),
  ];

  async function listenWith(
    options: ListenOptions,
    onSocket: (socket: Socket) => void,
  ): Promise<{ port: number }> {
    writeLengthsTogether();
    // Nothing is read before it is the socket's turn.
    const listening = createServer({ noDelay: true, pauseOnConnect: true }, onSocket);
    const port = await listen(listening, { ...options, backlog: limits.backlogMax });
    listeners.push(listening);
    if (timers.length === 0) timers = startTimers();
    return { port };
  }

  async function stop(): Promise<void> {
    for (const timer of timers.splice(0)) clearInterval(timer);
    const isClosed = listeners.splice(0).map(close);
    if (isClosed.length === 0) return;
    await stopReading([...byDevice.values(), ...provisioning], limits.stopTimeMsMax);
    // Asked anew: some may have signed in meanwhile.
    for (const session of [...arrivals.stop(), ...byDevice.values(), ...provisioning]) session.stop();
    await Promise.all([...isClosed, deps.desk.hub.settled()]);
  }

  return {
    start: (options) => listenWith(options, (socket) => accept(socket)),
    startTls: ({ port, host: address, ...identity }) => {
      tls.renew(identity);
      return listenWith({ port, host: address }, (socket) => accept(socket, tls.current()));
    },
    renewTls: tls.renew,
    stop,
    get sessionCount() {
      return byDevice.size;
    },
  };
}

function openSession(host: SessionHost, socket: Socket, secureContext: SecureContext | undefined): Session {
  const session = new Session(secureContext === undefined ? socket : secured(socket, secureContext), host);
  session.start();
  return session;
}

/** What connections to come are shown. */
function createTls(): { renew(identity: TlsIdentity): void; current(): SecureContext | undefined } {
  let context: SecureContext | undefined;
  return {
    renew: (identity) => {
      context = secureContextOf(identity);
    },
    current: () => context,
  };
}

/** @throws when certificate and key cannot be read or do not belong together. */
export function checkTlsIdentity(identity: TlsIdentity): void {
  secureContextOf(identity);
}

function secureContextOf({ certificate, key }: TlsIdentity): SecureContext {
  return createSecureContext({
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    // Without it a client that asks for a resumption would be refused, as certificates are asked for.
    sessionIdContext: "waremind-mqtt",
  });
}

/** The handshake happens within the session's time for its CONNECT; one that fails closes the socket. */
function secured(socket: Socket, secureContext: SecureContext): TLSSocket {
  // What breaks below is seen above; without a listener here it would end the process.
  socket.on("error", () => undefined);
  return new TLSSocket(socket, {
    isServer: true,
    secureContext,
    requestCert: true,
    rejectUnauthorized: false,
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** What is being stored is still acknowledged. */
async function stopReading(sessions: readonly Session[], timeMsMax: number): Promise<void> {
  for (const session of sessions) session.stopReading();
  await untilStored(sessions, timeMsMax);
}

function listen(server: Server, options: ListenOptions & { readonly backlog: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port, host: options.host, backlog: options.backlog }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : options.port);
    });
  });
}

/** One flush per session for everything that one commit settled: it runs after all promises of that commit did. */
function createFlusher(): (session: Session) => void {
  let dirty = new Set<Session>();
  const flush = (): void => {
    const due = dirty;
    dirty = new Set();
    for (const session of due) session.flush();
  };
  return (session) => {
    if (dirty.size === 0) process.nextTick(flush);
    dirty.add(session);
  };
}

/** One wait on the sink for all sessions that met its limit; they proceed in the order in which they met it. */
function createRoomQueue(sink: IntakeSink): (session: Session) => void {
  let waiting = new Set<Session>();
  const proceed = (): void => {
    const resumed = waiting;
    waiting = new Set();
    for (const session of resumed) session.proceed();
  };
  return (session) => {
    if (waiting.size === 0) void sink.waitForRoom().then(proceed, proceed);
    waiting.add(session);
  };
}

const storedPollMs = 10;

/** Resolves when no session has a message in flight, or after `timeMsMax`. */
async function untilStored(sessions: readonly Session[], timeMsMax: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < timeMsMax; waitedMs += storedPollMs) {
    if (sessions.every((session) => session.inflightCount === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, storedPollMs));
  }
}

/** Ports tried after a taken default one. */
const nextPortsMax = 20;

/** A port that is taken, with the program setting that chooses another. */
export class PortTakenError extends Error {}

/**
 * Listens on the port, or, when it is only a default and taken, on the next free one.
 *
 * @param listen starts listening on exactly this port and rejects with code EADDRINUSE when it is taken.
 * @throws PortTakenError naming the setting when the port was asked for, or no port nearby is free.
 */
export async function listenOn(options: {
  readonly port: number;
  readonly isExplicit: boolean;
  readonly setting: string;
  readonly listen: (port: number) => Promise<number>;
  readonly onMoved: (from: number, to: number) => void;
}): Promise<number> {
  const last = options.isExplicit ? options.port : options.port + nextPortsMax;
  for (let port = options.port; port <= last; port += 1) {
    const bound = await options.listen(port).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") return undefined;
      if (error.code === "EACCES")
        throw new PortTakenError(
          `Port ${port} may not be used by this user. Set ${options.setting} to a port above 1023.`,
          { cause: error },
        );
      throw error;
    });
    if (bound === undefined) continue;
    if (port !== options.port) options.onMoved(options.port, bound);
    return bound;
  }
  throw new PortTakenError(
    options.isExplicit
      ? `Port ${options.port} is taken by another program. Stop that program, or set ${options.setting} to a free port.`
      : `Ports ${options.port} to ${last} are all taken. Set ${options.setting} to a free port.`,
  );
}

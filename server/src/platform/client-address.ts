// Whose request it is when proxies stand before the server: what they say of it is believed only from those that were named.
import { BlockList, isIP } from "node:net";

/** More than any honest chain of proxies has. */
const hopsMax = 20;

/** From the socket's address and the header X-Forwarded-For, which every caller can write. */
export type ClientAddress = (
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
) => string | undefined;

/**
 * The last address of the chain that is not one of the trusted proxies: each hop is believed only as far as the one that
 * names it is. Without trusted proxies it is the socket's own, whatever the header says.
 *
 * @param trusted each an address, or a network such as `10.0.0.0/8` or `fd00::/8`
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const one of trusted) {
    const [address = "", bits] = one.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string): boolean =>
    proxies.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
  return (socketAddress, forwardedFor) => {
    if (trusted.length === 0 || socketAddress === undefined) return socketAddress;
    const hops = (forwardedFor ?? "").split(",").slice(-hopsMax);
    let address = plain(socketAddress) ?? socketAddress;
    while (isIP(address) !== 0 && isTrusted(address)) {
      const before = plain(hops.pop() ?? "");
      // What is no address was written by somebody who hides: then it is the proxy's own.
      if (before === null) break;
      address = before;
    }
    return address;
  };
}

/** Without port, brackets and the form of IPv4 within IPv6; null when it is no address. */
function plain(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[(.*)\](?::\d+)?$/u, "$1")
    .replace(/^(\d+(?:\.\d+){3}):\d+$/u, "$1")
    .replace(/^::ffff:(?=\d+(?:\.\d+){3}$)/iu, "");
  return isIP(bare) === 0 ? null : bare;
}

/** What a server knows of the connection beside a request. */
export interface Bindings {
  readonly incoming?: {
    readonly socket?: { readonly remoteAddress?: string | undefined };
    readonly headers?: { readonly "x-forwarded-for"?: string | undefined };
  };
  /** Whose request it is; told by `bindClientAddress`. */
  readonly clientAddress?: string | undefined;
}

export function bindClientAddress(bindings: Bindings, clientAddress: ClientAddress): Bindings {
  const { incoming } = bindings;
  const address = clientAddress(incoming?.socket?.remoteAddress, incoming?.headers?.["x-forwarded-for"]);
  return { ...bindings, clientAddress: address };
}

/** Absent when there is no socket (tests). Never what a caller could write by itself. */
export function clientAddressOf(bindings: Bindings | undefined): string | undefined {
  return bindings?.clientAddress ?? bindings?.incoming?.socket?.remoteAddress;
}

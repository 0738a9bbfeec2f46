import { type AddressRange, isInRanges, parseAddress, plainAddress } from "../base/mod.ts";
import type { HandshakeRequest } from "../ports/mod.ts";

/**
 * The address of the client. That is the peer's address, unless the peer is a trusted proxy: then
 * it is the right-most address of `X-Forwarded-For` that is not a trusted proxy's, because anyone
 * can write what stands before it.
 */
export function clientAddress(
  request: HandshakeRequest,
  proxies: readonly AddressRange[] = [],
): string {
  const peer = plainAddress(request.remoteAddress);
  if (proxies.length === 0 || !isInRanges(peer, proxies)) return peer;
  const forwarded = request.header("x-forwarded-for")?.split(",") ?? [];
  let client = peer;
  for (const entry of forwarded.reverse()) {
    const address = withoutPort(entry.trim());
    if (parseAddress(address) === undefined) return client;
    client = plainAddress(address);
    if (!isInRanges(client, proxies)) return client;
  }
  return client;
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const match = /^\[([^\]]*)\](?::\d+)?$/.exec(entry) ?? /^([\d.]+):\d+$/.exec(entry);
  return match?.[1] ?? entry;
}

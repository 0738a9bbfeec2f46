import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { withoutBrackets } from "../../core/base/mod.ts";
import type { Cancel, Clock, Logger } from "../../core/ports/mod.ts";
import { peerLimits } from "./wire/mod.ts";

/** The addresses of a host name. */
export type ResolveName = (host: string) => Promise<readonly string[]>;

/** As the operating system resolves names. */
export const resolveName: ResolveName = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

interface PeerNamesPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly resolve: ResolveName;
}

/** Resolves the names in `--peers` periodically: the addresses of a name may change. */
export class PeerNames {
  readonly #peers: readonly string[];
  readonly #ports: PeerNamesPorts;
  readonly #changed: (addresses: ReadonlySet<string>) => void;
  /** What each URL stands for, as it was resolved last. */
  readonly #found: Map<string, readonly string[]> = new Map();
  readonly #failing: Set<string> = new Set();
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #resolving = false;
  #stopped = false;
  #cancel: Cancel = () => {};

  /** `changed` gets the URLs `http://ADDRESS:PORT` of all peers. */
  constructor(
    peers: readonly string[],
    ports: PeerNamesPorts,
    changed: (addresses: ReadonlySet<string>) => void,
  ) {
    this.#peers = peers;
    this.#ports = ports;
    this.#changed = changed;
  }

  start(): void {
    void this.#resolve();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** A peer is there that is not among the addresses: its name may have changed. */
  resolveSoon(): void {
    if (this.#resolving || this.#stopped) return;
    const sinceMs = this.#ports.clock.ticks() - this.#resolvedAt;
    this.#after(Math.max(peerLimits.resolveSoonMs - sinceMs, 0));
  }

  #after(ms: number): void {
    this.#cancel();
    this.#cancel = this.#ports.clock.after(ms, () => void this.#resolve());
  }

  async #resolve(): Promise<void> {
    this.#resolving = true;
    this.#resolvedAt = this.#ports.clock.ticks();
    await Promise.all(this.#peers.map((peer) => this.#resolveOne(peer)));
    this.#resolving = false;
    if (this.#stopped) return;
    const addresses = [...new Set([...this.#found.values()].flat())];
    if (addresses.length > peerLimits.peersMax) {
      const message = `--peers has ${addresses.length} addresses: the last ones are left out`;
      this.#ports.logger.log("warn", "peers-too-many", message, { max: peerLimits.peersMax });
    }
    this.#changed(new Set(addresses.slice(0, peerLimits.peersMax)));
    this.#after(peerLimits.resolveMs);
  }

  async #resolveOne(peer: string): Promise<void> {
    const url = new URL(peer);
    const host = withoutBrackets(url.hostname);
    // A certificate is for the name: TLS to an address would refuse it.
    if (isIP(host) !== 0 || url.protocol === "https:") {
      this.#found.set(peer, [url.origin]);
      return;
    }
    try {
      const addresses = await this.#ports.resolve(host);
      const port = url.port || "80";
      const urls = addresses.map((one) => `http://${isIP(one) === 6 ? `[${one}]` : one}:${port}`);
      this.#found.set(peer, urls.sort());
      this.#failing.delete(peer);
    } catch (error) {
      // The former addresses stay in use: an outage of the name server must not end the cluster.
      if (this.#failing.has(peer)) return;
      this.#failing.add(peer);
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      const message = "the name of a peer cannot be resolved; its last addresses stay in use";
      this.#ports.logger.log("warn", "peer-name-unresolved", message, { host, reason });
    }
  }
}

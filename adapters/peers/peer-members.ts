import { type ErrorCode, ReportTimes } from "../../core/base/mod.ts";
import type { Clock, Logger } from "../../core/ports/mod.ts";
import type { PeerClient } from "./peer-client.ts";
import {
  type PeerKnowledge,
  type PeerLoss,
  PeerSender,
  type PeerSenderListener,
  type Standing,
} from "./peer-sender.ts";
import type { PeerIdentity } from "./wire/mod.ts";

export interface PeerMembersListener {
  /** Messages to this peer arrive, or do not any more. */
  reachable(incarnation: string, reachable: boolean): void;
  /** So many messages to a peer were lost. */
  lost(count: number): void;
  /** Somebody answers at an address of a peer, and takes nothing from this node. */
  refused(code: ErrorCode): void;
}

interface PeerMembersPorts {
  readonly client: PeerClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly knowledge: PeerKnowledge;
  /** Whether the peer has cleared its presence. */
  readonly hasLeft: (incarnation: string) => boolean;
}

/** The peers of this node: one sender for each address, and one peer for each incarnation. */
export class PeerMembers {
  readonly #own: PeerIdentity;
  readonly #ports: PeerMembersPorts;
  readonly #listener: PeerMembersListener;
  readonly #senders: Map<string, PeerSender> = new Map();
  /** Senders to peers, by the node's name. */
  readonly #nodes: Map<string, PeerSender> = new Map();
  /** The last fault of an address that was logged. */
  readonly #faults: Map<string, string> = new Map();
  /** Of refusals: they do not end by themselves, so they are logged again. */
  readonly #reports: ReportTimes;
  readonly #flushWaits: (() => void)[] = [];
  #stopped = false;

  constructor(own: PeerIdentity, ports: PeerMembersPorts, listener: PeerMembersListener) {
    this.#own = own;
    this.#ports = ports;
    this.#listener = listener;
    this.#reports = new ReportTimes(() => ports.clock.ticks());
  }

  /** Senders to the peers that are known. */
  all(): Iterable<PeerSender> {
    return this.#nodes.values();
  }

  named(node: string): PeerSender | undefined {
    return this.#nodes.get(node);
  }

  ofIncarnation(incarnation: string): PeerSender | undefined {
    for (const sender of this.#nodes.values()) {
      if (sender.identity?.incarnation === incarnation) return sender;
    }
    return undefined;
  }

  /** How many peers take messages. */
  get reachable(): number {
    let count = 0;
    for (const sender of this.#nodes.values()) if (sender.isUp) count++;
    return count;
  }

  /** Resolves when nothing waits for any peer. */
  flushed(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#flushWaits.push(resolve));
  }

  /** These are the addresses of all peers from now on. */
  set(addresses: ReadonlySet<string>): void {
    for (const [address, sender] of this.#senders) {
      if (addresses.has(address)) continue;
      sender.stop();
      this.#senders.delete(address);
      this.#faults.delete(address);
    }
    for (const address of addresses) {
      if (this.#senders.has(address)) continue;
      const sender = new PeerSender(address, this.#senderListener(), this.#ports);
      this.#senders.set(address, sender);
      sender.start();
    }
  }

  /** Asks again at all addresses if no peer is known: one may have come. */
  retry(): void {
    for (const sender of this.#senders.values()) sender.retry();
  }

  stop(): void {
    this.#stopped = true;
    this.set(new Set());
  }

  get #isIdle(): boolean {
    for (const sender of this.#nodes.values()) if (!sender.isIdle) return false;
    return true;
  }

  #idle(): void {
    if (this.#flushWaits.length === 0 || !this.#isIdle) return;
    for (const resolve of this.#flushWaits.splice(0)) resolve();
  }

  #senderListener(): PeerSenderListener {
    return {
      identified: (sender, identity) => this.#identified(sender, identity),
      up: (sender) => this.#up(sender),
      idle: () => this.#idle(),
      down: (sender, identity, loss) => this.#down(sender, identity, loss),
      unreachable: ({ address }, error) => {
        const { code, message: reason } = error;
        if (code === "peer-lost") this.#unreachable(address, code, reason);
        else {
          const message = "a peer refuses this node, and gets nothing from it";
          this.#refused(address, message, { code, reason, level: "warn" });
        }
      },
    };
  }

  #identified(sender: PeerSender, { node, incarnation }: PeerIdentity): Standing {
    if (incarnation === this.#own.incarnation) return "alias";
    if (this.ofIncarnation(incarnation) !== undefined) return "alias";
    if (node === this.#own.node || this.#nodes.get(node)?.isUp === true) {
      const message = "another running node has the same node-name";
      this.#refused(sender.address, message, { code: "peer-name", reason: node, level: "error" });
      return "taken";
    }
    this.#nodes.set(node, sender);
    return "peer";
  }

  #up({ address, identity }: PeerSender): void {
    const { node, incarnation } = identity as PeerIdentity;
    this.#faults.delete(address);
    const fields = { peer: node, address };
    this.#ports.logger.log("info", "peer-up", "a peer can be reached", fields);
    this.#listener.reachable(incarnation, true);
  }

  #down(
    sender: PeerSender,
    { node, incarnation }: PeerIdentity,
    { error, lost, wasUp }: PeerLoss,
  ): void {
    if (this.#nodes.get(node) === sender) this.#nodes.delete(node);
    const { address } = sender;
    const { code, message: reason } = error;
    const fields = { peer: node, address, code, reason, lost };
    if (!wasUp) {
      const message = "a peer refuses the messages of this node";
      this.#refused(address, message, { code, reason, level: "error" });
    } else if (!this.#stopped) {
      const level = lost === 0 && this.#ports.hasLeft(incarnation) ? "info" : "warn";
      const message = "a peer takes no messages any more; what waited for it is lost";
      this.#ports.logger.log(level, "peer-down", message, fields);
    }
    if (lost > 0) this.#listener.lost(lost);
    this.#listener.reachable(incarnation, false);
    // Another of its addresses may still lead to it. A peer that never took a message refuses
    // this node: it is asked again after a heartbeat, not at once.
    if (wasUp) this.retry();
  }

  /** Nobody answers at an address: that is logged once until it changes. */
  #unreachable(address: string, code: ErrorCode, reason: string): void {
    const text = `${code} ${reason}`;
    if (this.#faults.get(address) === text) return;
    this.#faults.set(address, text);
    const message = "a peer's address cannot be reached";
    this.#ports.logger.log("info", "peer-unreachable", message, { address, code, reason });
  }

  #refused(
    address: string,
    message: string,
    { level, code, reason }: { level: "warn" | "error"; code: ErrorCode; reason: string },
  ): void {
    this.#faults.delete(address);
    this.#listener.refused(code);
    const times = this.#reports.due(`${address} ${code}`);
    if (times === 0) return;
    const fields = { address, code, reason, times };
    this.#ports.logger.log(level, "peer-unreachable", message, fields);
  }
}

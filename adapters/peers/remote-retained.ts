import { peerLimits } from "./wire/mod.ts";

/** What one peer retains, to be kept while it is reachable. */
interface Kept {
  readonly topics: Map<string, Uint8Array>;
  /** This node reaches the peer: its topics are retained in the bus. */
  reachable: boolean;
}

/** The presences of peers and of their origins, which are retained in the bus of this process. */
export class RemoteRetained {
  readonly #publish: (topic: string, payload: Uint8Array) => void;
  /** By the peer's incarnation. */
  readonly #peers: Map<string, Kept> = new Map();
  /** Which peer a topic is of. */
  readonly #owners: Map<string, string> = new Map();

  /** `publish` publishes a retained message in the bus of this process. */
  constructor(publish: (topic: string, payload: Uint8Array) => void) {
    this.#publish = publish;
  }

  /** The incarnation of the peer that retains this topic. */
  ownerOf(topic: string): string | undefined {
    return this.#owners.get(topic);
  }

  /** Whether the peer retains nothing: it has left. */
  isEmpty(incarnation: string): boolean {
    return (this.#peers.get(incarnation)?.topics.size ?? 0) === 0;
  }

  /** The bus retains the peer's topics while the peer is reachable. */
  setReachable(incarnation: string, reachable: boolean): void {
    const kept = this.#kept(incarnation);
    if (kept.reachable === reachable) return;
    kept.reachable = reachable;
    for (const [topic, payload] of kept.topics) {
      this.#publish(topic, reachable ? payload : new Uint8Array(0));
    }
  }

  /** False if the topic is another peer's, or the peer has too many topics. */
  set(incarnation: string, topic: string, payload: Uint8Array): boolean {
    const owner = this.#owners.get(topic);
    if (owner !== undefined && owner !== incarnation) return false;
    const kept = this.#kept(incarnation);
    if (payload.byteLength === 0) {
      kept.topics.delete(topic);
      this.#owners.delete(topic);
    } else {
      if (owner === undefined && kept.topics.size >= peerLimits.retainedMax) return false;
      // A view would keep the whole body of the request.
      kept.topics.set(topic, payload.slice());
      this.#owners.set(topic, incarnation);
    }
    if (kept.reachable) this.#publish(topic, payload.slice());
    return true;
  }

  /** The peer is gone, or has begun another session. */
  clear(incarnation: string): void {
    const kept = this.#peers.get(incarnation);
    if (kept === undefined) return;
    for (const topic of kept.topics.keys()) {
      this.#owners.delete(topic);
      if (kept.reachable) this.#publish(topic, new Uint8Array(0));
    }
    kept.topics.clear();
    if (!kept.reachable) this.#peers.delete(incarnation);
  }

  #kept(incarnation: string): Kept {
    const known = this.#peers.get(incarnation);
    if (known !== undefined) return known;
    const kept: Kept = { topics: new Map(), reachable: false };
    this.#peers.set(incarnation, kept);
    return kept;
  }
}

import { backOffMs, ServiceError } from "../../core/base/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";
import { type PeerClient, PeerFailure } from "./peer-client.ts";
import { type Outgoing, PeerQueue } from "./peer-queue.ts";
import { encodeBatch, type PeerIdentity, type PeerMessage, peerLimits } from "./wire/mod.ts";

/**
 * What listens at an address. `alias`: this node itself, or a peer that has another address.
 * `taken`: a second node of the same name.
 */
export type Standing = "peer" | "alias" | "taken";

/** How a sender lost its peer. */
export interface PeerLoss {
  readonly error: ServiceError;
  /** Messages that were lost. */
  readonly lost: number;
  /** The peer had taken messages before. */
  readonly wasUp: boolean;
}

/** What a peer must know of this node. */
export interface PeerKnowledge {
  /** What it must know first: the presences of this node and its origins. */
  retained(): readonly PeerMessage[];
  /** The apps whose events are subscribed in this process. */
  subscribedApps(): readonly string[];
}

/** What a sender reports. */
export interface PeerSenderListener {
  /** A node answered at the address. Returns what it is for this one. */
  identified(sender: PeerSender, identity: PeerIdentity): Standing;
  /** The peer takes messages. */
  up(sender: PeerSender): void;
  /** The peer does not take messages any more, or did not take the first one. */
  down(sender: PeerSender, identity: PeerIdentity, loss: PeerLoss): void;
  /** Nothing waits for the peer any more. */
  idle(): void;
  /** No node answers at the address. */
  unreachable(sender: PeerSender, error: ServiceError): void;
}

interface PeerSenderPorts {
  readonly client: PeerClient;
  readonly clock: Clock;
  readonly knowledge: PeerKnowledge;
}

/**
 * Sends messages to the peer at one address, in order and at most once. One request is under way
 * at a time, and what gathers meanwhile goes as one. A request that is not answered is sent again
 * under its number, which the peer carries out once. After `peerLimits.deadMs` without an answer
 * the peer counts as dead, and what waits for it is lost.
 */
export class PeerSender {
  readonly address: string;
  readonly #listener: PeerSenderListener;
  readonly #client: PeerClient;
  readonly #clock: Clock;
  readonly #knowledge: PeerKnowledge;
  readonly #queue: PeerQueue = new PeerQueue();
  #identity: PeerIdentity | undefined;
  #up = false;
  #session = 0;
  #number = 0;
  /** The request that is under way, or is sent again. */
  #body: Uint8Array | undefined;
  #busy = false;
  #failures = 0;
  #answeredAt = 0;
  /** Changes when a peer is found or lost: answers from before do not count. */
  #epoch = 0;
  #scheduled = false;
  #stopped = false;
  #cancel: Cancel = () => {};

  constructor(address: string, listener: PeerSenderListener, ports: PeerSenderPorts) {
    this.address = address;
    this.#listener = listener;
    this.#client = ports.client;
    this.#clock = ports.clock;
    this.#knowledge = ports.knowledge;
  }

  /** The peer that messages are sent to; undefined while nobody, or an alias, is there. */
  get identity(): PeerIdentity | undefined {
    return this.#identity;
  }

  /** The peer has answered a request of this session. */
  get isUp(): boolean {
    return this.#up;
  }

  /** Whether nothing waits for the peer. */
  get isIdle(): boolean {
    return this.#identity === undefined || (this.#queue.isEmpty && !this.#busy);
  }

  start(): void {
    void this.#hello();
  }

  /** Asks again which node is at the address, if none is known. */
  retry(): void {
    if (this.#identity !== undefined || this.#busy || this.#stopped) return;
    this.#cancel();
    void this.#hello();
  }

  /** Only while there is an `identity`. */
  send(message: Outgoing): void {
    if (!this.#queue.add(message)) {
      const text = `too many bytes wait for ${this.address}`;
      message.done(new ServiceError("peer-queue-full", text));
    } else this.#soon();
  }

  /** Something that every request tells has changed: sends one soon, also without a message. */
  requestSoon(): void {
    if (this.#identity !== undefined) this.#soon();
  }

  /** Sends nothing more; what waits is lost. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
    if (this.#identity === undefined) return;
    this.#end(new ServiceError("peer-lost", "this node stopped sending to the peer"));
  }

  async #hello(): Promise<void> {
    const epoch = ++this.#epoch;
    this.#busy = true;
    const answer = await this.#client.hello(this.address).catch(asFailure);
    if (epoch !== this.#epoch || this.#stopped) return;
    this.#busy = false;
    if (answer instanceof PeerFailure) {
      this.#listener.unreachable(this, answer);
      this.#helloAfter(peerLimits.heartbeatMs);
      return;
    }
    const standing = this.#listener.identified(this, answer);
    if (standing === "peer") this.#begin(answer);
    else {
      this.#helloAfter(standing === "alias" ? peerLimits.aliasMs : peerLimits.heartbeatMs);
    }
  }

  #helloAfter(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, () => void this.#hello());
  }

  #begin(identity: PeerIdentity): void {
    this.#identity = identity;
    this.#session = Math.max(this.#session + 1, this.#clock.now());
    this.#number = 0;
    this.#failures = 0;
    this.#answeredAt = this.#clock.ticks();
    for (const message of this.#knowledge.retained())
      this.#queue.add({ ...message, done: () => {} });
    void this.#request();
  }

  /** At the end of the turn, so that what is sent in it goes as one request. */
  #soon(): void {
    if (this.#scheduled || this.#busy) return;
    this.#scheduled = true;
    this.#clock.endOfTurn(() => {
      this.#scheduled = false;
      // While a request is to be sent again, the rest waits for it.
      if (this.#identity !== undefined && this.#body === undefined) void this.#request();
    });
  }

  async #request(): Promise<void> {
    const { incarnation: to } = this.#identity as PeerIdentity;
    this.#cancel();
    this.#busy = true;
    const epoch = this.#epoch;
    const subscribedApps = this.#knowledge.subscribedApps();
    this.#body ??= encodeBatch({ subscribedApps, messages: this.#queue.take() });
    const stamp = { to, session: this.#session, number: this.#number };
    const failure = await this.#client
      .messages(this.address, stamp, this.#body)
      .then(() => undefined, asFailure);
    if (epoch !== this.#epoch) return;
    this.#busy = false;
    if (failure === undefined) this.#answered();
    else this.#failed(failure);
  }

  #answered(): void {
    this.#body = undefined;
    this.#number++;
    this.#failures = 0;
    this.#answeredAt = this.#clock.ticks();
    this.#queue.delivered();
    if (!this.#up) {
      this.#up = true;
      this.#listener.up(this);
    }
    if (!this.#queue.isEmpty) {
      this.#soon();
      return;
    }
    this.#cancel = this.#clock.after(peerLimits.heartbeatMs, () => this.#soon());
    this.#listener.idle();
  }

  #failed(failure: PeerFailure): void {
    this.#queue.delay();
    const silentMs = this.#clock.ticks() - this.#answeredAt;
    if (!failure.mayRepeat || silentMs >= peerLimits.deadMs) {
      this.#end(failure);
      this.#helloAfter(peerLimits.heartbeatMs);
      return;
    }
    const range = { msMin: peerLimits.repeatMs, msMax: peerLimits.heartbeatMs };
    const ms = backOffMs(this.#failures, range);
    this.#failures++;
    this.#cancel = this.#clock.after(ms, () => void this.#request());
  }

  #end(error: ServiceError): void {
    const identity = this.#identity as PeerIdentity;
    const wasUp = this.#up;
    this.#epoch++;
    this.#identity = undefined;
    this.#up = false;
    this.#busy = false;
    this.#body = undefined;
    const peerLost = new ServiceError("peer-lost", `${identity.node}: ${error.message}`);
    const lost = this.#queue.fail(peerLost);
    this.#listener.down(this, identity, { error, lost, wasUp });
    this.#listener.idle();
  }
}

function asFailure(error: unknown): PeerFailure {
  if (error instanceof PeerFailure) return error;
  throw error;
}

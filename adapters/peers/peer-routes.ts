import { ServiceError } from "../../core/base/mod.ts";
import type { Link, ParsedTopic, PublishDone, Topics } from "../topics/mod.ts";
import type { PeerSender } from "./peer-sender.ts";
import { type PeerMessage, peerLimits } from "./wire/mod.ts";

interface PeerRoutesDependencies {
  readonly node: string;
  readonly topics: Topics;
  /** Senders to the peers that are known. */
  readonly peers: () => Iterable<PeerSender>;
  readonly named: (node: string) => PeerSender | undefined;
  /** The sender to the peer whose origin this is. */
  readonly ofOrigin: (app: string, origin: string) => PeerSender | undefined;
  /** Whether a peer subscribes events of the app. */
  readonly subscribes: (peer: PeerSender, app: string) => boolean;
}

/** Decides which messages of this process go to which peers. What peers sent goes nowhere else. */
export class PeerRoutes {
  readonly #dependencies: PeerRoutesDependencies;
  readonly #parsed: Map<string, ParsedTopic | undefined> = new Map();
  /** What this process retains, by topic: presences of the node and of its origins. */
  readonly #retained: Map<string, PeerMessage> = new Map();

  constructor(dependencies: PeerRoutesDependencies) {
    this.#dependencies = dependencies;
  }

  /** The presences of this node and its origins. */
  get retained(): readonly PeerMessage[] {
    return [...this.#retained.values()];
  }

  /** Whether an origin of this name is in this process. */
  hasOrigin(app: string, name: string): boolean {
    return this.#retained.has(this.#dependencies.topics.originPresence(app, name));
  }

  publish(local: Link, message: PeerMessage, done: PublishDone): void {
    const { node, named, peers, ofOrigin } = this.#dependencies;
    const parsed = local.up ? this.#parse(message.topic) : undefined;
    const here: Here = (answered) => {
      const { topic, payload, retain } = message;
      local.publish(topic, payload, answered, retain);
    };
    switch (parsed?.kind) {
      case "node-commands":
        if (parsed.node === node) here(done);
        else toNode(named(parsed.node), message, { node: parsed.node, done });
        break;
      case "origin-events": {
        const isHere = this.hasOrigin(parsed.app, parsed.origin);
        const owner = isHere ? undefined : ofOrigin(parsed.app, parsed.origin);
        // A node's service port has the node's name, and announces no presence.
        const peer = isHere ? undefined : (owner ?? named(parsed.origin));
        // The stream repeats what is lost, until the origin's presence is cleared.
        if (peer === undefined) here(done);
        else peer.send({ ...message, done: () => done(undefined, true) });
        break;
      }
      case "events":
        toAll(here, this.#hearers(parsed.app), message, done);
        break;
      case "commands":
      case "group-commands":
      case "group-text":
      case "group-binary":
        toAll(here, [...peers()], message, done);
        break;
      case "node-presence":
      case "origin-presence":
        if (this.#retain(message, parsed)) toAll(here, [...peers()], message, done);
        else here(done);
        break;
      default:
        here(done);
    }
  }

  /** Only presences of this process are sent: no node announces another one. */
  #retain(message: PeerMessage, parsed: ParsedTopic): boolean {
    const { node, ofOrigin } = this.#dependencies;
    if (!message.retain) return false;
    if (parsed.kind === "node-presence" && parsed.node !== node) return false;
    if (parsed.kind === "origin-presence" && ofOrigin(parsed.app, parsed.origin) !== undefined) {
      return false;
    }
    if (message.payload.byteLength === 0) return this.#retained.delete(message.topic);
    this.#retained.set(message.topic, message);
    return true;
  }

  #hearers(app: string): PeerSender[] {
    return [...this.#dependencies.peers()].filter((peer) =>
      this.#dependencies.subscribes(peer, app),
    );
  }

  #parse(topic: string): ParsedTopic | undefined {
    if (this.#parsed.has(topic)) return this.#parsed.get(topic);
    const parsed = this.#dependencies.topics.parse(topic);
    if (this.#parsed.size >= peerLimits.topicsMax) this.#parsed.clear();
    this.#parsed.set(topic, parsed);
    return parsed;
  }
}

/** Publishes in the bus of this process. */
type Here = (answered: PublishDone) => void;

function toNode(
  peer: PeerSender | undefined,
  message: PeerMessage,
  { node, done }: { readonly node: string; readonly done: PublishDone },
): void {
  if (peer !== undefined) peer.send({ ...message, done: (error) => done(error, true) });
  else {
    const error = new ServiceError("peer-unknown", `no peer that can be reached is named ${node}`);
    // An answer never comes within the call.
    queueMicrotask(() => done(error));
  }
}

/**
 * Publishes here and to several peers. `done` is called when all of them have the message, except
 * those that do not answer: they make nobody wait, and what they miss is counted at their sender.
 */
function toAll(
  here: Here,
  peers: readonly PeerSender[],
  message: PeerMessage,
  done: PublishDone,
): void {
  let missing = peers.length + 1;
  let answer: Parameters<PublishDone> = [];
  const settle = (): void => {
    missing--;
    if (missing === 0) done(...answer);
  };
  here((error, hasSubscriber = false) => {
    answer = [error, hasSubscriber || peers.length > 0];
    settle();
  });
  for (const peer of peers) {
    const once = onlyOnce(settle);
    peer.send({ ...message, done: once, delayed: once });
  }
}

function onlyOnce(call: () => void): () => void {
  let called = false;
  return () => {
    if (called) return;
    called = true;
    call();
  };
}

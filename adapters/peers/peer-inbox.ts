import type { ErrorCode } from "../../core/base/mod.ts";
import type { Clock, Logger } from "../../core/ports/mod.ts";
import { Refusal } from "../http/mod.ts";
import { type Link, type ParsedTopic, shownTopic, type Topics } from "../topics/mod.ts";
import { PeerSessions } from "./peer-sessions.ts";
import { RemoteRetained } from "./remote-retained.ts";
import {
  decodeBatch,
  type PeerIdentity,
  type PeerMessage,
  type PeerStamp,
  topicFault,
} from "./wire/mod.ts";

export interface PeerInboxOptions {
  readonly own: PeerIdentity;
  readonly apps: readonly string[];
  /** This node has origins of its own, so those of peers get none of its connections. */
  readonly hasOrigins: boolean;
}

interface PeerInboxDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly topics: Topics;
  /** A link to the bus of this process. */
  readonly local: Link;
  /** Whether an origin of this name is in this process. */
  readonly hasOrigin: (app: string, name: string) => boolean;
  readonly count: (code: ErrorCode) => void;
  /** A peer begins to send. */
  readonly began: (peer: PeerIdentity) => void;
}

interface CheckedMessage extends PeerMessage {
  readonly parsed: ParsedTopic;
}

const unweighted: Uint8Array = new Uint8Array(0);

/** Takes messages from peers, and publishes them in the bus of this process. */
export class PeerInbox {
  readonly sessions: PeerSessions;
  readonly retained: RemoteRetained;
  readonly #options: PeerInboxOptions;
  readonly #dependencies: PeerInboxDependencies;

  constructor(options: PeerInboxOptions, dependencies: PeerInboxDependencies) {
    const { clock, local } = dependencies;
    this.#options = options;
    this.#dependencies = dependencies;
    this.retained = new RemoteRetained((topic, payload) =>
      local.publish(topic, payload, () => {}, true),
    );
    this.sessions = new PeerSessions(options.own, clock, {
      began: (peer) => {
        this.retained.clear(peer.incarnation);
        dependencies.began(peer);
      },
      ended: ({ node, incarnation }) => {
        this.retained.clear(incarnation);
        const message = "a peer sends nothing any more";
        dependencies.logger.log("info", "peer-silent", message, { peer: node });
      },
    });
  }

  /** Carries out a genuine request, unless it did so before. Throws a `Refusal`. */
  receive(stamp: PeerStamp, body: Uint8Array): void {
    const { subscribedApps, messages } = decodeBatch(body);
    // All of them are checked before one is published: a request is carried out as a whole.
    const checked = messages.map((message, index) => this.#checked(message, index, stamp));
    if (!this.sessions.accept(stamp)) return;
    this.sessions.setSubscribedApps(stamp.incarnation, subscribedApps);
    for (const message of checked) this.#publish(message, stamp);
  }

  #checked(message: PeerMessage, index: number, { node }: PeerStamp): CheckedMessage {
    const parsed = this.#dependencies.topics.parse(message.topic);
    const fault = topicFault(message, parsed, { from: node, to: this.#options.own.node });
    if (fault === undefined) return { ...message, parsed: parsed as ParsedTopic };
    const place = `body[2][${index}]: ${shownTopic(message.topic)}`;
    throw new Refusal("peer-topic", `${place}: ${fault}; nothing was done`);
  }

  #publish({ topic, payload, retain, parsed }: CheckedMessage, stamp: PeerStamp): void {
    const { local } = this.#dependencies;
    if (!this.#options.apps.includes(parsed.app)) return;
    if ("sender" in parsed && this.#isForeign(parsed.app, parsed.sender, stamp)) {
      this.#refuse(topic, stamp, "its sender is another node, or an origin of another node");
    } else if (!retain) local.publish(topic, payload, () => {});
    else if (!this.#keep({ topic, payload, parsed }, stamp.incarnation)) {
      this.#refuse(topic, stamp, "another node has an origin of this name, or there are too many");
    }
  }

  /** False if the name belongs to another node. */
  #keep({ topic, payload, parsed }: Omit<CheckedMessage, "retain">, incarnation: string): boolean {
    const { hasOrigin } = this.#dependencies;
    if (parsed.kind !== "origin-presence") {
      return this.retained.set(incarnation, topic, payload);
    }
    if (hasOrigin(parsed.app, parsed.origin)) return false;
    const presence = this.#options.hasOrigins ? withoutWeight(payload) : payload;
    return this.retained.set(incarnation, topic, presence);
  }

  /** Whether a name is not the peer's own, nor one of its origins or its service port. */
  #isForeign(app: string, sender: string, { incarnation }: PeerStamp): boolean {
    const { topics, hasOrigin } = this.#dependencies;
    if (sender === this.#options.own.node || hasOrigin(app, sender)) return true;
    const node = this.sessions.named(sender);
    if (node !== undefined) return node.incarnation !== incarnation;
    const owner = this.retained.ownerOf(topics.originPresence(app, sender));
    return owner !== undefined && owner !== incarnation;
  }

  #refuse(topic: string, { node }: PeerStamp, reason: string): void {
    const { count, logger } = this.#dependencies;
    const code = "peer-topic";
    count(code);
    const fields = { code, peer: node, topic: shownTopic(topic), reason };
    logger.log("warn", "peer-message-refused", "a message of a peer is dropped", fields);
  }
}

/** An origin that takes no connections of this node, but gets its replies. */
function withoutWeight(payload: Uint8Array): Uint8Array {
  if (payload.byteLength === 0) return unweighted;
  const presence = JSON.parse(new TextDecoder().decode(payload));
  return new TextEncoder().encode(JSON.stringify({ ...presence, weight: 0 }));
}

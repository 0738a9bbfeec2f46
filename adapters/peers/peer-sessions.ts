import type { Clock } from "../../core/ports/mod.ts";
import { PresenceMonitor } from "../../core/streams/mod.ts";
import { Refusal } from "../http/mod.ts";
import { type PeerIdentity, type PeerStamp, peerLimits } from "./wire/mod.ts";

/** What a peer sends here. */
interface Session extends PeerIdentity {
  session: number;
  /** The number of its next request. */
  next: number;
  /** When its last request came, in `Clock.ticks`. */
  lastAt: number;
  isLive: boolean;
  subscribedApps: ReadonlySet<string>;
}

export interface PeerSessionsListener {
  /** The peer begins a session: what it retained before is void. */
  began(peer: PeerIdentity): void;
  /** The peer has sent nothing for as long as three of its heartbeats take. */
  ended(peer: PeerIdentity): void;
}

/**
 * The requests of peers, by their numbers: each is carried out once, in order. The numbers of a
 * peer that is gone are remembered for as long as the time in its requests is accepted, so that
 * none of them can be replayed.
 */
export class PeerSessions {
  readonly #own: PeerIdentity;
  readonly #clock: Clock;
  readonly #listener: PeerSessionsListener;
  /** By incarnation. */
  readonly #sessions: Map<string, Session> = new Map();
  /** Living ones by the node's name. */
  readonly #nodes: Map<string, Session> = new Map();
  readonly #monitor: PresenceMonitor;

  constructor(own: PeerIdentity, clock: Clock, listener: PeerSessionsListener) {
    this.#own = own;
    this.#clock = clock;
    this.#listener = listener;
    this.#monitor = new PresenceMonitor(clock, (node) => {
      const silent = this.#nodes.get(node);
      if (silent !== undefined) this.#end(silent);
    });
  }

  /** No peer ends any more. */
  stop(): void {
    this.#monitor.pause();
  }

  /** Whether a living peer of this incarnation subscribes events of the app. */
  subscribes(incarnation: string, app: string): boolean {
    const session = this.#sessions.get(incarnation);
    return session?.isLive === true && session.subscribedApps.has(app);
  }

  /** The living peer that has this node name. */
  named(node: string): PeerIdentity | undefined {
    return this.#nodes.get(node);
  }

  /**
   * Whether a genuine request is to be carried out; false if it was before. Throws a
   * `Refusal`.
   */
  accept(stamp: PeerStamp): boolean {
    if (stamp.to !== this.#own.incarnation) throw staleSession("of another start of this node");
    if (stamp.node === this.#own.node) {
      throw new Refusal("peer-name", `this node is named ${stamp.node} itself`);
    }
    const known = this.#sessions.get(stamp.incarnation);
    const isCurrent = known?.isLive === true && stamp.session === known.session;
    if (isCurrent && stamp.number <= known.next) {
      this.#heard(known);
      if (stamp.number < known.next) return false;
      known.next++;
      return true;
    }
    if (isCurrent || stamp.number > 0 || (known !== undefined && stamp.session <= known.session)) {
      throw staleSession("of an earlier session");
    }
    this.#begin(stamp);
    return true;
  }

  /** What the request says of the apps whose events the peer subscribes. */
  setSubscribedApps(incarnation: string, apps: readonly string[]): void {
    const session = this.#sessions.get(incarnation);
    if (session !== undefined) session.subscribedApps = new Set(apps);
  }

  #begin({ node, incarnation, session }: PeerStamp): void {
    const other = this.#nodes.get(node);
    if (other !== undefined && other.incarnation !== incarnation) this.#replace(other);
    this.#forgetOld();
    if (!this.#sessions.has(incarnation) && this.#sessions.size >= peerLimits.sessionsMax) {
      throw new Refusal("requests-full", "too many peers have sent requests in the last minutes");
    }
    const begun = { node, incarnation, session, next: 1, lastAt: 0, isLive: true };
    const peer: Session = { ...begun, subscribedApps: new Set() };
    this.#sessions.set(incarnation, peer);
    this.#nodes.set(node, peer);
    this.#heard(peer);
    this.#listener.began(peer);
  }

  /** Another node of that name was here a moment ago: it has restarted, or it is a second one. */
  #replace(other: Session): void {
    const silentMs = this.#clock.ticks() - other.lastAt;
    if (silentMs < 2 * peerLimits.heartbeatMs) {
      throw new Refusal("peer-name", `another living node is named ${other.node}`);
    }
    this.#end(other);
  }

  #end(session: Session): void {
    session.isLive = false;
    this.#nodes.delete(session.node);
    this.#listener.ended(session);
  }

  #heard(session: Session): void {
    session.lastAt = this.#clock.ticks();
    this.#monitor.heartbeat(session.node, peerLimits.heartbeatMs);
  }

  /** Those whose requests are all too old to be accepted again. */
  #forgetOld(): void {
    const now = this.#clock.ticks();
    for (const { incarnation, isLive, lastAt } of this.#sessions.values()) {
      // Twice: the sender's clock may be ahead by as much as it may be behind.
      const isOld = now - lastAt > 2 * peerLimits.clockSkewMs;
      if (isOld && !isLive) this.#sessions.delete(incarnation);
    }
  }
}

function staleSession(what: string): Refusal {
  return new Refusal("peer-session", `the request is ${what}: begin a session`);
}

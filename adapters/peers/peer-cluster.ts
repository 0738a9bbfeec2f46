import { type ErrorCode, errorCounter, ReportTimes } from "../../core/base/mod.ts";
import type { Clock, Logger, Metrics } from "../../core/ports/mod.ts";
import type { Refusal } from "../http/mod.ts";
import { type Link, type OpenLink, Topics } from "../topics/mod.ts";
import { ClusterLink } from "./cluster-link.ts";
import { createPeerApp, type PeerHandler } from "./peer-app.ts";
import { PeerClient, type PeerPost } from "./peer-client.ts";
import { PeerInbox } from "./peer-inbox.ts";
import { PeerMembers } from "./peer-members.ts";
import { PeerNames, type ResolveName } from "./peer-names.ts";
import { PeerRoutes } from "./peer-routes.ts";
import { type PeerIdentity, PeerSignature, peerLimits } from "./wire/mod.ts";

export interface PeerClusterOptions extends PeerIdentity {
  readonly apps: readonly string[];
  /** First level of every topic, `wss` by default. */
  readonly root?: string | undefined;
  /** URLs of peers: of single ones, or of a name that has the addresses of all. */
  readonly peers: readonly string[];
  /** The key of signatures. Empty: nothing is signed, and peers must be on this machine. */
  readonly secret: string;
  /** This node has origins of its own, so those of peers get none of its connections. */
  readonly hasOrigins: boolean;
}

export interface PeerClusterPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly http: PeerPost;
  /** Opens links to the bus of this process. */
  readonly openLocal: OpenLink;
  readonly resolve: ResolveName;
}

/**
 * Joins the buses of several nodes over HTTP, so that they are one bus to those who use it. Each
 * node sends what its own programs publish to the peers that the topic concerns. What a peer sent
 * is published here and goes no further, so that nothing can go in a circle.
 */
export class PeerCluster {
  /** Makes a link to the cluster's bus. */
  readonly open: OpenLink;
  /** Answers the requests of peers. */
  readonly handle: PeerHandler;
  readonly #ports: PeerClusterPorts;
  readonly #local: Link;
  readonly #inbox: PeerInbox;
  readonly #members: PeerMembers;
  readonly #names: PeerNames;
  /** A peer with another secret asks again every second. */
  readonly #reports: ReportTimes;
  /** How many links here subscribe events, by app. */
  readonly #subscribedApps: Map<string, number> = new Map();

  constructor(options: PeerClusterOptions, ports: PeerClusterPorts) {
    const { node, incarnation, apps, hasOrigins } = options;
    const { clock, logger } = ports;
    const own = { node, incarnation };
    const topics = new Topics(options.root);
    const signature = new PeerSignature(options.secret);
    this.#ports = ports;
    this.#reports = new ReportTimes(() => clock.ticks());
    this.#local = ports.openLocal({ name: `${node}-peers`, role: "peers", bounded: false });
    const client = new PeerClient(own, signature, ports);
    const knowledge = {
      retained: () => routes.retained,
      subscribedApps: () => [...this.#subscribedApps.keys()],
    };
    this.#members = new PeerMembers(
      own,
      { client, clock, logger, knowledge, hasLeft: (peer) => this.#inbox.retained.isEmpty(peer) },
      {
        reachable: (peer, reachable) => this.#inbox.retained.setReachable(peer, reachable),
        lost: (count) => this.#count("peer-lost", count),
        refused: (code) => this.#count(code),
      },
    );
    const members = this.#members;
    const routes = new PeerRoutes({
      node,
      topics,
      peers: () => members.all(),
      named: (name) => members.named(name),
      ofOrigin: (app, origin) => {
        const owner = this.#inbox.retained.ownerOf(topics.originPresence(app, origin));
        return owner === undefined ? undefined : members.ofIncarnation(owner);
      },
      subscribes: ({ identity }, app) =>
        this.#inbox.sessions.subscribes(identity?.incarnation ?? "", app),
    });
    this.#inbox = new PeerInbox(
      { own, apps, hasOrigins },
      {
        clock,
        logger,
        topics,
        local: this.#local,
        hasOrigin: (app, name) => routes.hasOrigin(app, name),
        count: (code) => this.#count(code),
        began: (peer) => this.#began(peer),
      },
    );
    this.#names = new PeerNames(options.peers, ports, (addresses) => members.set(addresses));
    this.open = this.#opener(routes, topics, apps);
    this.handle = createPeerApp({
      signature,
      now: () => clock.now(),
      hello: () => own,
      messages: (stamp, body) => {
        // One of --peers leads to this node itself: this is its own request.
        if (stamp.incarnation !== incarnation) this.#inbox.receive(stamp, body);
        return {};
      },
      refused: (refusal, address) => this.refused(refusal, address),
    });
    ports.metrics.gauge("wss_peers", "Peers that can be reached", () => members.reachable);
  }

  /** How many peers can be reached. */
  get reachable(): number {
    return this.#members.reachable;
  }

  /** Looks for the peers from now on. */
  async start(): Promise<void> {
    await this.#local.start({ connected: () => {}, message: () => {} });
    this.#names.start();
  }

  /** Waits a moment for what is on its way, then leaves. */
  async stop(): Promise<void> {
    this.#names.stop();
    const late = new Promise<void>((resolve) => {
      this.#ports.clock.after(peerLimits.flushMs, resolve);
    });
    await Promise.race([this.#members.flushed(), late]);
    this.#members.stop();
    this.#inbox.sessions.stop();
    await this.#local.stop();
  }

  #opener(routes: PeerRoutes, topics: Topics, apps: readonly string[]): OpenLink {
    const { openLocal, clock } = this.#ports;
    const bus = {
      publish: routes.publish.bind(routes),
      subscribed: (filter: string, count: 1 | -1): void => {
        for (const app of apps) {
          if (matchesEvents(filter, topics, app)) this.#subscribed(app, count);
        }
      },
    };
    return (options) => new ClusterLink(options, bus, { openLocal, clock });
  }

  #subscribed(app: string, count: 1 | -1): void {
    const before = this.#subscribedApps.get(app) ?? 0;
    const now = before + count;
    if (now === 0) this.#subscribedApps.delete(app);
    else this.#subscribedApps.set(app, now);
    if (before > 0 && now > 0) return;
    for (const sender of this.#members.all()) sender.requestSoon();
  }

  #began({ incarnation }: PeerIdentity): void {
    const sender = this.#members.ofIncarnation(incarnation);
    if (sender === undefined) {
      this.#members.retry();
      this.#names.resolveSoon();
    } else this.#inbox.retained.setReachable(incarnation, sender.isUp);
  }

  /** A request to the cluster port was refused. */
  refused({ code, status, message }: Refusal, address: string): void {
    this.#count(code);
    const times = this.#reports.due(code);
    if (times === 0) return;
    const fields = { code, status, address, times };
    this.#ports.logger.log("warn", "peer-request-refused", message, fields);
  }

  #count(code: ErrorCode, count: number = 1): void {
    errorCounter(this.#ports.metrics, code).add(count);
  }
}

/** Whether a filter of a link matches events of open mode of an app. */
function matchesEvents(filter: string, topics: Topics, app: string): boolean {
  if (!filter.startsWith(topics.root)) return false;
  const [of = "", kind = ""] = filter.slice(topics.root.length).split("/");
  if (of === "#") return true;
  return (of === app || of === "+") && ["events", "+", "#"].includes(kind);
}

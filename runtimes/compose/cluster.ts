import type { Server } from "node:net";
import process from "node:process";
import { type HttpServer, serveHttp } from "../../adapters/http/mod.ts";
import { HttpClient, systemAuthorities } from "../../adapters/http-client/mod.ts";
import {
  PeerCluster,
  type PeerClusterPorts,
  peerLimits,
  resolveName,
} from "../../adapters/peers/mod.ts";
import type { OpenLink } from "../../adapters/topics/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import { appsOf } from "./gateway-options.ts";

export interface ClusterOptions {
  readonly settings: Settings;
  readonly node: string;
  readonly incarnation: string;
  /** The authority of `https://` peers in PEM; the system's if there is none. */
  readonly ca: string | undefined;
}

/** With `--cluster http`: the peers of this node, and the port that they reach it by. */
export class Cluster {
  /** Makes a link to the bus of all nodes. */
  readonly openLink: OpenLink;
  readonly #settings: Settings;
  readonly #client: HttpClient;
  readonly #peers: PeerCluster;
  #http: HttpServer | undefined;

  constructor(
    { settings, node, incarnation, ca }: ClusterOptions,
    ports: Omit<PeerClusterPorts, "http" | "resolve">,
  ) {
    this.#settings = settings;
    const trusted = ca ?? systemAuthorities(process.env);
    this.#client = new HttpClient({ connectMs: peerLimits.dialMs, ca: trusted }, ports);
    this.#peers = new PeerCluster(
      {
        node,
        incarnation,
        apps: appsOf(settings),
        root: settings["topic-root"],
        peers: settings.peers,
        secret: settings["cluster-secret"],
        hasOrigins: settings.origin.length > 0,
      },
      { ...ports, http: this.#client, resolve: resolveName },
    );
    this.openLink = this.#peers.open;
  }

  get port(): number | undefined {
    return this.#http?.port;
  }

  get server(): Server | undefined {
    return this.#http?.server;
  }

  /** Listens, and looks for the peers. */
  async start(): Promise<void> {
    this.#http = await serveHttp(this.#peers.handle, {
      host: this.#settings["cluster-host"],
      port: this.#settings["cluster-port"],
      refused: (refusal, address) => this.#peers.refused(refusal, address),
    });
    await this.#peers.start();
  }

  /** What is on its way still arrives, for a limited time. */
  async stop(): Promise<void> {
    await this.#peers.stop();
    this.#client.close();
    await this.#http?.close();
  }
}

import type { Page } from "../../core/mod.ts";
import type { Authorizer } from "../../core/ports/mod.ts";
import type { TraceExport } from "../../core/telemetry/mod.ts";
import type { Subprotocol } from "../../core/websocket/mod.ts";
import type { ServerTls } from "../server/mod.ts";
import type { Reload } from "./admin/mod.ts";
import type { NodeBrokerDependencies } from "./node-broker.ts";
import type { Platform } from "./platform.ts";

/** What one start of a gateway is given besides its settings. */
export interface ServiceDependencies extends NodeBrokerDependencies {
  readonly platform: Platform;
  readonly pages: ReadonlyMap<string, Page>;
  /** The client port speaks TLS if there is one. */
  readonly serverTls: ServerTls | undefined;
  /** The authority of `https://` peers in PEM; the system's if there is none. */
  readonly clusterCa?: string | undefined;
  /** Secrets by access key: they sign requests to `@connections`. */
  readonly accessKeys?: ReadonlyMap<string, string> | undefined;
  /** Decides on handshakes with `--authorize jwt`. */
  readonly authorizer: Authorizer | undefined;
  /** Spans are exported if there is one. */
  readonly traceExport?: TraceExport | undefined;
  /** `POST /admin/reload`. */
  readonly reload?: Reload | undefined;
  /** Called if the broker refuses this node for good after `start` has resolved. */
  readonly failed?: (error: Error) => void;
  /**
   * Protocols above WebSocket that this node speaks at its edge, such as GraphQL's. A program that
   * composes a service fills the list; the command line has no setting for it yet.
   * `docs/architecture.md` shows how to write one.
   */
  readonly subprotocols?: readonly Subprotocol[] | undefined;
  /**
   * A worker listens on the client port beside others. Its supervisor has the admin port, and
   * logs that it has started.
   */
  readonly isWorker?: boolean;
}

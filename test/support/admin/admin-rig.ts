import {
  AdminAccess,
  type AdminActions,
  type AdminSource,
  createAdminApi,
  type ReloadAnswer,
} from "../../../adapters/admin/mod.ts";
import {
  createAdminApp,
  type HttpHandler,
  type RequestSource,
} from "../../../adapters/http/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";
import type { Question } from "../../../core/inspect/mod.ts";
import { ManualClock } from "../memory/mod.ts";

export interface AdminAsked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** In place of reading the body. */
  readonly readBody?: () => Promise<never>;
}

/** What stands behind the admin port of a rig; a test replaces what it is about. */
export interface AdminBack {
  ask: () => Promise<unknown>;
  source: () => unknown;
  act: () => Promise<unknown>;
  find: () => Promise<unknown>;
  reload: (() => Promise<ReloadAnswer>) | undefined;
  ready: () => readonly string[];
  unhealthy: () => readonly string[];
  metrics: () => string;
}

/** The id of the one connection that a rig's node `n` has. */
export const adminId = "n.AAAAone";

/** The admin port's apps without a node and without a socket. */
export class AdminRig {
  readonly app: HttpHandler;

  constructor(back: AdminBack, token: string = "") {
    const members = () => [
      {
        node: "n",
        ask: (question: Question) => (question.what === "command" ? back.act() : back.ask()),
        tail: () => () => {},
      },
    ];
    const identity = { node: "n", version: "1.0.0", runtime: "node", engine: "wasm", workers: 0 };
    const source = {
      identity: { ...identity, startedAt: 1 },
      members,
      totals: async () => back.source(),
      ready: () => [],
      brokers: () => back.source(),
      nodes: async () => back.source(),
    } as unknown as AdminSource;
    const actions = {
      apps: ["default"],
      send: () => back.act(),
      close: () => back.act(),
      publish: () => back.act(),
      find: () => back.find(),
    } as unknown as AdminActions;
    const rules = { readToken: "", userHeader: "", proxies: [], actors: [] };
    const api = createAdminApi({
      access: new AdminAccess({ isLocal: true, token, ...rules }),
      source,
      actions,
      reload: back.reload,
      clock: new ManualClock(),
      refused: () => {},
      acted: () => {},
    });
    const plain = createAdminApp({
      ready: () => back.ready(),
      unhealthy: () => back.unhealthy(),
      metrics: () => ({ contentType: "text/plain; version=0.0.4", text: back.metrics() }),
    });
    this.app = (request, from) =>
      new URL(request.url).pathname.startsWith("/admin/") ? api(request, from) : plain(request);
  }

  async ask(target: string, asked: AdminAsked = {}): Promise<Response> {
    const { method = "GET", body = "" } = asked;
    const headers = { host: "127.0.0.1", ...asked.headers };
    const request = new Request(`http://127.0.0.1${target}`, { method, headers });
    const bytes = new TextEncoder().encode(body);
    const source: RequestSource = {
      address: "127.0.0.1",
      target,
      rawHeaders: Object.entries(headers).flat(),
      length: bytes.length,
      body: async (bytesMax) => {
        if (asked.readBody !== undefined) return asked.readBody();
        if (bytes.length > bytesMax) throw new ServiceError("request-too-big", "too long");
        return bytes;
      },
    };
    return this.app(request, source);
  }
}

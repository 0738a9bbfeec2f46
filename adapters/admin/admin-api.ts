import type { Handler } from "hono";
import { Hono } from "hono/tiny";
import { nodeOf } from "../../core/base/mod.ts";
import type { TailFilter } from "../../core/inspect/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import { Bodies, type HttpHandler, methodRefusal, only, Refusal, refusalOf } from "../http/mod.ts";
import type { AdminAccess, Visitor } from "./access.ts";
import { ActingApi } from "./acting-api.ts";
import {
  type AdminAction,
  type AdminContext,
  type AdminEnvironment,
  checkRight,
  type RefusedAdminRequest,
} from "./admin-context.ts";
import { adminLimits } from "./admin-limits.ts";
import type { AdminActions, AdminSource, ReloadAnswer } from "./admin-source.ts";
import {
  appViews,
  destinationViews,
  findConnection,
  findConnections,
  openTails,
} from "./merge.ts";
import { Overview } from "./overview.ts";
import { readId, readSearch, readTail } from "./requests.ts";
import { tailResponse } from "./tail-stream.ts";

export interface AdminApiOptions {
  readonly access: AdminAccess;
  readonly source: AdminSource;
  readonly actions: AdminActions;
  /** Reads settings, certificates and keys again. */
  readonly reload?: (() => Promise<ReloadAnswer>) | undefined;
  readonly clock: Clock;
  readonly refused: (request: RefusedAdminRequest) => void;
  readonly acted: (action: AdminAction) => void;
}

/** `/admin/…`: what a node and its connections do, and messages to them. */
export function createAdminApi(options: AdminApiOptions): HttpHandler {
  const { access, source, clock } = options;
  const reading = new ReadingApi(options);
  const acting = new ActingApi(options, new Bodies(adminLimits.bodiesBytesMax));
  const overview = new Overview(source, () => clock.now());
  const app = new Hono<AdminEnvironment>().basePath("/admin");
  const underWay = limitRequests();
  app.use(async (context, next) => {
    await underWay(next);
    context.header("cache-control", "no-store");
  });
  const get = (path: string, answer: (context: AdminContext) => unknown): void => {
    app.get(path, async (context) => {
      checkRight(access, context, "read");
      const value = await answer(context);
      return value instanceof Response ? value : Response.json(value);
    });
    app.all(path, only("GET"));
  };
  get("/session", (context) => sessionOf(checkRight(access, context, "read")));
  get("/overview", () => overview.read());
  get("/connections", ({ req }) => reading.connections(req.url));
  get("/connections/:id", ({ req }) => reading.connection(readId(req.param("id") ?? "")));
  get("/origins", async () => ({ origins: await destinationViews(source.members()) }));
  get("/apps", async () => ({ apps: await appViews(source.members()) }));
  get("/nodes", () => reading.nodes());
  get("/brokers", () => ({ brokers: source.brokers() }));
  get("/tail", ({ req }) => {
    // The answer to HEAD has no body that somebody could stop to read.
    if (req.method === "HEAD") throw methodRefusal("GET");
    return reading.tail(req.url);
  });
  const post = (path: string, act: Handler<AdminEnvironment>): void => {
    app.post(path, act);
    app.all(path, only("POST"));
  };
  post("/connections/:id/send", (context) => acting.send(context));
  post("/connections/:id/close", (context) => acting.close(context));
  post("/publish", (context) => acting.publish(context));
  post("/reload", (context) => acting.reload(context));
  app.notFound(() => {
    throw new Refusal("request-path", "nothing is served here; see /admin/overview");
  });
  app.onError((error, { env, req }) => {
    const refusal = refusalOf(error);
    const { code, message, status } = refusal;
    options.refused({ code, message, status, address: env.address, path: req.path });
    return refusal.response();
  });
  return (request, from) => app.fetch(request, from);
}

function sessionOf({ name, mayAct }: Visitor): unknown {
  return { who: name, rights: mayAct ? ["read", "act"] : ["read"] };
}

function limitRequests(): (next: () => Promise<void>) => Promise<void> {
  let count = 0;
  return async (next) => {
    if (count >= adminLimits.requestsMax) {
      throw new Refusal("requests-full", "too many requests are under way");
    }
    count++;
    try {
      await next();
    } finally {
      count--;
    }
  };
}

/** Answers that change nothing. */
class ReadingApi {
  readonly #options: AdminApiOptions;
  #tails = 0;

  constructor(options: AdminApiOptions) {
    this.#options = options;
  }

  async connections(url: string): Promise<unknown> {
    const { limit, after, ...filter } = readSearch(url);
    const members = this.#options.source.members();
    return findConnections(members, filter, { limit, after });
  }

  async connection(id: string): Promise<unknown> {
    const { actions, source } = this.#options;
    const members = source.members();
    const own = await findConnection(members, id);
    if (own !== undefined) return own;
    const isOwn = members.some(({ node }) => node === nodeOf(id));
    const found = isOwn ? undefined : await actions.find(id);
    if (found === undefined) throw goneFault();
    return { id, node: nodeOf(id), ...found };
  }

  async nodes(): Promise<unknown> {
    const { source } = this.#options;
    const nodes = await source.nodes();
    return nodes === undefined ? { nodes: [], known: false } : { nodes, known: true };
  }

  /** Throws `id-gone`, or `wrong-node` if another node has the connection, or may have it. */
  async #checkHere(id: string): Promise<void> {
    const { actions, source } = this.#options;
    const members = source.members();
    if ((await findConnection(members, id)) !== undefined) return;
    const node = nodeOf(id);
    if (members.some((member) => member.node === node)) throw goneFault();
    const found = await actions.find(id).catch(() => "unknown");
    throw found === undefined ? goneFault() : wrongNode(node);
  }

  async tail(url: string): Promise<Response> {
    const { actions, clock, source } = this.#options;
    const asked = readTail(url);
    const [first = ""] = actions.apps;
    const filter: TailFilter =
      "connection" in asked ? asked : { group: asked.group, app: asked.app ?? first };
    if ("app" in filter && !actions.apps.includes(filter.app)) {
      throw new Refusal("request-path", `app must be one of ${actions.apps.join(", ")}`);
    }
    const members = source.members();
    if ("connection" in filter) await this.#checkHere(filter.connection);
    if (this.#tails >= adminLimits.tailsMax) {
      throw new Refusal("requests-full", "too many tails are open");
    }
    const response = tailResponse({
      clock,
      filter,
      open: (listener) => openTails(members, filter, listener),
      ended: () => {
        this.#tails--;
      },
    });
    this.#tails++;
    return response;
  }
}

/** What passes on a connection is seen by its own node alone. */
function wrongNode(node: string): Refusal {
  const message =
    `node ${node} has this connection, and its events are seen at the admin port of ${node} ` +
    "alone; send and close work from here";
  return new Refusal("wrong-node", message, { details: { node } });
}

function goneFault(): Refusal {
  return new Refusal("id-gone", "no connection has this id");
}

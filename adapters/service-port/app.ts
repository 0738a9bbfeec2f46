import { Hono } from "hono/tiny";
import type { ErrorCode } from "../../core/base/mod.ts";
import { Bodies, type HttpHandler, only, Refusal, refusalOf } from "../http/mod.ts";
import { awsRefusal, createConnectionsApp, isOfConnections, pathOf } from "./aws/mod.ts";
import { Access, type CommandPort, type ServiceEnvironment, serviceLimits } from "./base/mod.ts";
import { commandRequest } from "./commands.ts";
import { openApi } from "./open-api.ts";
import { type MessageSizes, serviceRequest } from "./service-requests.ts";

/** A request that was refused, for counters and log. */
export interface RefusedRequest {
  readonly code: ErrorCode;
  readonly message: string;
  readonly status: number;
  readonly address: string;
}

export interface ServiceAppOptions {
  readonly port: CommandPort;
  /** The bearer token of requests. Empty: only programs on this machine may send any. */
  readonly token: string;
  /** Secrets by access key: requests to `@connections` may be signed with them. */
  readonly accessKeys: ReadonlyMap<string, string> | undefined;
  /** How large a message of `/sr` may be. */
  readonly sizes: MessageSizes;
  readonly version: string;
  /** The time of the wall clock in ms. */
  readonly now: () => number;
  readonly refused: (request: RefusedRequest) => void;
}

/** `/sr`, `/commands`, `/{stage}/@connections/{id}` and `/openapi.json`. */
export function createServiceApp(options: ServiceAppOptions): HttpHandler {
  const { port, token, sizes, version } = options;
  const dependencies = {
    port,
    access: new Access(token),
    bodies: new Bodies(serviceLimits.bodiesBytesMax),
  };
  const app = new Hono<ServiceEnvironment>({ getPath: pathOf });
  let underWay = 0;
  app.use(async ({ req }, next) => {
    // The router takes a path with a slash at its end for the one without.
    if (req.path.endsWith("/") && req.path !== "/") throw noSuchPath();
    if (underWay >= serviceLimits.requestsMax) {
      throw new Refusal("requests-full", "too many requests are under way");
    }
    underWay++;
    try {
      await next();
    } finally {
      underWay--;
    }
  });
  app.post("/sr", (context) => serviceRequest(dependencies, sizes, context));
  app.all("/sr", only("POST"));
  app.post("/commands", (context) => commandRequest(dependencies, context));
  app.all("/commands", only("POST"));
  app.get("/openapi.json", () => Response.json(openApi(version)));
  app.all("/openapi.json", only("GET"));
  app.route("/", createConnectionsApp({ ...options, ...dependencies }));
  app.notFound(() => {
    throw noSuchPath();
  });
  app.onError((error, { env, req }) => {
    const given = refusalOf(error);
    const refusal = isOfConnections(req.path) ? awsRefusal(given) : given;
    const { code, message, status } = refusal;
    options.refused({ code, message, status, address: env.address });
    return refusal.response();
  });
  return (request, source) => app.fetch(request, source);
}

function noSuchPath(): Refusal {
  const paths = "/sr, /commands, /{stage}/@connections/{id} and /openapi.json";
  return new Refusal("request-path", `the paths are ${paths}`);
}

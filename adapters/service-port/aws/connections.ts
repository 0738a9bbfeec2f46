import { Hono } from "hono/tiny";
import { getPath } from "hono/utils/url";
import { nodeOfConnectionId } from "../../../core/base/mod.ts";
import { Bodies, only, Refusal } from "../../http/mod.ts";
import { type Command, sendCommand } from "../../http-wire/mod.ts";
import {
  appOf,
  type CommandPort,
  type CommandResult,
  checkReady,
  portFor,
  type ServiceContext,
  type ServiceEnvironment,
  type ServicePortDependencies,
  serviceLimits,
} from "../base/mod.ts";
import { claimFault, signatureFault } from "./signature.ts";

export interface ConnectionsDependencies extends ServicePortDependencies {
  /** Secrets by access key; undefined: signatures are not read. */
  readonly accessKeys: ReadonlyMap<string, string> | undefined;
  /** The time of the wall clock in ms. */
  readonly now: () => number;
}

interface RoutedDependencies extends ConnectionsDependencies {
  /** Bodies that are read before it is known whether their signature is right. */
  readonly signed: Bodies;
}

/** The connection that a request is about. */
interface Subject {
  readonly port: CommandPort;
  readonly app: string;
  readonly id: string;
}

type Act = (subject: Subject, body: Uint8Array) => Promise<Response>;

/** The `@` may be encoded, and a custom domain has no stage. */
const connections = ":connections{(?:@|%40)connections}";
const paths = [`/${connections}/:id`, `/:stage/${connections}/:id`];

/** Ids that API Gateway itself gave: base64 with padding, which none of ours has. */
const foreignId = /^[A-Za-z0-9+/_-]{1,64}={1,2}$/;

/**
 * The path of a request. AWS's SDKs write two slashes behind a stage if the endpoint ends with
 * one, as `http://127.0.0.1:8082/prod/` does.
 */
export function pathOf(request: Request): string {
  return getPath(request).replace(/^(\/[^/]+)\/(?=\/(?:@|%40)connections\/)/, "$1");
}

/** Whether a path is one of API Gateway's, so that its refusals have API Gateway's form. */
export function isOfConnections(path: string): boolean {
  return /^(?:\/[^/]+)?\/(?:@|%40)connections(?:\/|$)/.test(path);
}

/**
 * API Gateway's management API: `POST`, `GET` and `DELETE` of `/{stage}/@connections/{id}`, with
 * its statuses and errors, so that AWS's SDKs work with it.
 */
export function createConnectionsApp(
  dependencies: ConnectionsDependencies,
): Hono<ServiceEnvironment> {
  const app = new Hono<ServiceEnvironment>();
  const { messageBytesMax, signedBodiesMax } = serviceLimits;
  const signed = new Bodies(signedBodiesMax * messageBytesMax, signedBodiesMax);
  const routed = { ...dependencies, signed };
  for (const path of paths) {
    app.post(path, (context) => handle(routed, context, post));
    app.get(path, (context) => handle(routed, context, get));
    app.delete(path, (context) => handle(routed, context, remove));
    app.all(path, only("POST", "GET", "DELETE"));
  }
  return app;
}

function handle(
  dependencies: RoutedDependencies,
  context: ServiceContext,
  act: Act,
): Promise<Response> {
  const { access, accessKeys, bodies, port, signed } = dependencies;
  const { headers } = context.req.raw;
  const isSigned = accessKeys !== undefined && !access.usesToken(headers);
  // Before the body comes: a stranger who sends it slowly must not be one of the requests at once.
  if (isSigned) checkClaim(dependencies, context);
  else access.check(headers, context.env.address);
  return (isSigned ? signed : bodies).with(
    context.env,
    serviceLimits.messageBytesMax,
    async (body) => {
      if (isSigned) checkSignature(dependencies, context, body);
      const id = context.req.param("id") ?? "";
      // A back end that moved over may still have such ids, and forgets those that are gone.
      if (foreignId.test(id)) throw gone();
      if (nodeOfConnectionId(id) === undefined) {
        throw new Refusal("id-malformed", "the path names no connection id");
      }
      checkReady(port);
      // A node that serves several apps may have one for each stage.
      const stage = context.req.param("stage") ?? "";
      const app = port.apps.includes(stage) ? stage : appOf(port, context);
      if (!port.reaches(app, id)) throw gone();
      return act({ port: portFor(port, context), app, id }, body);
    },
  );
}

const service = "execute-api";

/** What can be said of a signature before the body is there: its key is known, and so on. */
function checkClaim({ accessKeys, now }: ConnectionsDependencies, { env }: ServiceContext): void {
  const secretOf = (accessKey: string) => accessKeys?.get(accessKey);
  const claimed = claimFault(env, secretOf, { service, now: now() });
  if (claimed !== undefined) throw new Refusal("request-forbidden", claimed);
}

/** With access keys, a request must be signed with one of them, or have the token. */
function checkSignature(
  { accessKeys, now }: ConnectionsDependencies,
  { env, req }: ServiceContext,
  body: Uint8Array,
): void {
  const { method } = req.raw;
  const { target, rawHeaders } = env;
  const secretOf = (accessKey: string) => accessKeys?.get(accessKey);
  const request = { method, target, rawHeaders, body };
  const fault = signatureFault(request, secretOf, { service, now: now() });
  if (fault !== undefined) throw new Refusal("request-forbidden", fault);
}

/** Sends the body: as a text if it is UTF-8, which is all that API Gateway sends. */
async function post({ port, app, id }: Subject, body: Uint8Array): Promise<Response> {
  const data = textOf(body) ?? body;
  const outcome = await outcomeOf({ port, app, id }, sendCommand([id], data));
  if (outcome === "sent") return new Response(null, { status: 200 });
  if (outcome === "publish-too-big" || outcome === "queue-too-small") {
    throw new Refusal(outcome, "the message is larger than the gateway sends");
  }
  if (outcome !== "slow") throw notDone(outcome);
  // The message waits in the connection's queue, or that was full and the connection is closed.
  const { connections: [listed] = [] } = await query({ port, app, id });
  if (listed !== undefined && listed.closing !== true) return new Response(null, { status: 200 });
  throw new Refusal("send-queue-full", "the client does not read, and is disconnected");
}

async function get(subject: Subject): Promise<Response> {
  const { connections: [listed] = [], gone: absent = [] } = await query(subject);
  if (listed === undefined) throw notDone(absent.length > 0 ? "gone" : "unknown");
  const { at, activeAt, closing, info } = listed;
  if (closing === true) throw gone();
  const { ip, headers } = (info ?? {}) as Info;
  return Response.json({
    connectedAt: timeOf(at),
    lastActiveAt: timeOf(activeAt ?? at),
    identity: { sourceIp: ip ?? "", userAgent: headers?.["user-agent"] ?? "" },
  });
}

async function remove({ port, app, id }: Subject): Promise<Response> {
  const outcome = await outcomeOf(
    { port, app, id },
    {
      verb: "close",
      ids: [id],
      closeCode: 1000,
      closeReason: "",
      options: {},
    },
  );
  if (outcome !== "closed") throw notDone(outcome);
  return new Response(null, { status: 204 });
}

interface Info {
  readonly ip?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The result of a `query` for one connection. */
interface Found {
  readonly connections?: readonly CommandResult[];
  readonly gone?: readonly string[];
}

async function query({ port, app, id }: Subject): Promise<Found> {
  const command: Command = {
    verb: "query",
    subject: [id],
    options: { info: true },
  };
  const [result = {}] = await port.run(app, [command]);
  return result;
}

async function outcomeOf({ port, app, id }: Subject, command: Command): Promise<unknown> {
  const [result] = await port.run(app, [command]);
  return result?.[id];
}

function notDone(outcome: unknown): Refusal {
  if (outcome === "gone") return gone();
  return new Refusal("reply-timeout", "the connection's node does not answer");
}

function gone(): Refusal {
  return new Refusal("id-gone", "no connection has this id");
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function timeOf(ms: unknown): string {
  return new Date(typeof ms === "number" ? ms : 0).toISOString();
}

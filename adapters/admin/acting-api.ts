import { ErrorCode, isMap, parseJson } from "../../core/base/mod.ts";
import { type Bodies, Refusal, refusalOf } from "../http/mod.ts";
import type { AdminAccess, Visitor } from "./access.ts";
import type { AdminAction, AdminContext } from "./admin-context.ts";
import { adminLimits } from "./admin-limits.ts";
import type { ActionOutcome, AdminActions, AdminSource, ReloadAnswer } from "./admin-source.ts";
import { findConnection } from "./merge.ts";
import { readClose, readId, readPublish, readSend } from "./requests.ts";

interface ActingOptions {
  readonly access: AdminAccess;
  readonly source: AdminSource;
  readonly actions: AdminActions;
  readonly reload?: (() => Promise<ReloadAnswer>) | undefined;
  readonly acted: (action: AdminAction) => void;
}

/** An action that is asked for, before it is carried out. */
interface Asked {
  readonly visitor: Visitor;
  readonly context: AdminContext;
  readonly action: AdminAction["action"];
  readonly target: string;
}

/** Requests that change something: each one is logged, carried out or not. */
export class ActingApi {
  readonly #options: ActingOptions;
  readonly #bodies: Bodies;

  constructor(options: ActingOptions, bodies: Bodies) {
    this.#options = options;
    this.#bodies = bodies;
  }

  async send(context: AdminContext): Promise<Response> {
    const visitor = this.#check(context);
    const id = readId(context.req.param("id") ?? "");
    const { data, app } = readSend(await this.#body(context));
    return this.#act({ visitor, context, action: "send", target: id }, async () => {
      const { actions } = this.#options;
      return outcomeAnswer(id, await actions.send(id, data, await this.#appOf(id, app)));
    });
  }

  async close(context: AdminContext): Promise<Response> {
    const visitor = this.#check(context);
    const id = readId(context.req.param("id") ?? "");
    const { code, reason, app } = readClose(await this.#body(context));
    return this.#act({ visitor, context, action: "close", target: id }, async () => {
      const { actions } = this.#options;
      const of = await this.#appOf(id, app);
      return outcomeAnswer(id, await actions.close(id, { code, reason }, of));
    });
  }

  async publish(context: AdminContext): Promise<Response> {
    const visitor = this.#check(context);
    const { data, group, app: named } = readPublish(await this.#body(context));
    const { actions } = this.#options;
    const app = named ?? actions.apps[0] ?? "";
    if (!actions.apps.includes(app)) {
      throw new Refusal("request-path", `app must be one of ${actions.apps.join(", ")}`);
    }
    return this.#act(
      { visitor, context, action: "publish", target: `${app}/${group}` },
      async () => {
        const outcomes = await actions.publish(app, group, data);
        checkPublished(outcomes.nodes);
        return { ...outcomes, group, app };
      },
    );
  }

  async reload(context: AdminContext): Promise<Response> {
    const visitor = this.#check(context);
    const { reload } = this.#options;
    if (reload === undefined) throw new Refusal("request-path", "there is nothing to reload");
    return this.#act({ visitor, context, action: "reload", target: "settings" }, async () => {
      const answer = await reload();
      return { ...answer, outcome: answer.reloaded ? "reloaded" : "refused" };
    });
  }

  /** Forms of other pages cannot send JSON without asking (Fetch, 3.3.1). */
  #check(context: AdminContext): Visitor {
    const visitor = this.#options.access.check(context.req.raw.headers, context.env, "act");
    const [type = ""] = (context.req.header("content-type") ?? "").split(";");
    if (type.trim().toLowerCase() === "application/json") return visitor;
    throw new Refusal("request-media-type", "the Content-Type must be application/json");
  }

  #body(context: AdminContext): Promise<unknown> {
    return this.#bodies.with(context.env, adminLimits.bodyBytesMax, (bytes) => {
      const value = parseJson(bytes);
      if (value === undefined) throw new Refusal("request-malformed", "the body is not JSON");
      return value;
    });
  }

  /** The app that is named, or that of the connection if it is known here. */
  async #appOf(id: string, app: string | undefined): Promise<string | undefined> {
    const { actions, source } = this.#options;
    if (app !== undefined && !actions.apps.includes(app)) {
      throw new Refusal("request-path", `app must be one of ${actions.apps.join(", ")}`);
    }
    return app ?? (await findConnection(source.members(), id))?.app;
  }

  async #act(
    { visitor, context, action, target }: Asked,
    carryOut: () => Promise<Readonly<Record<string, unknown>>>,
  ): Promise<Response> {
    const { address } = context.env;
    const log = (outcome: string): void => {
      this.#options.acted({ who: visitor.name, address, action, target, outcome });
    };
    try {
      const answer = await carryOut();
      log(typeof answer.outcome === "string" ? answer.outcome : "published");
      // A reload that is refused: something is wrong with the settings (RFC 9110, 15.5.21).
      return Response.json(answer, { status: answer.outcome === "refused" ? 422 : 200 });
    } catch (error) {
      log(refusalOf(error).code);
      throw error;
    }
  }
}

/** Throws `id-gone`, `reply-timeout`, or the code that the node refuses the command with. */
function outcomeAnswer(id: string, outcome: ActionOutcome): Readonly<Record<string, unknown>> {
  if (outcome === "gone") throw new Refusal("id-gone", "no connection has this id");
  if (outcome === "unknown") {
    throw new Refusal("reply-timeout", "the node of the connection did not answer in time");
  }
  if (isErrorCode(outcome)) throw refusedByNode(outcome);
  return { id, outcome };
}

/** Throws the code that every node refuses the publish with. */
function checkPublished(nodes: unknown): void {
  const told = isMap(nodes) ? Object.values(nodes) : [];
  const codes = told.map((one) => (isMap(one) ? one.error : undefined));
  const [code] = codes;
  if (isErrorCode(code) && codes.every(isErrorCode)) throw refusedByNode(code);
}

function refusedByNode(code: ErrorCode): Refusal {
  return new Refusal(code, "the node refuses the command; its log says why");
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ErrorCode, value);
}

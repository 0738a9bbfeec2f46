import { type ErrorCode, isErrorCode, isMap, nodeOf, parseJson } from "../../core/base/mod.ts";
import type { Question } from "../../core/inspect/mod.ts";
import { type Bodies, Refusal, refusalOf } from "../http/mod.ts";
import { base64 } from "../http-wire/mod.ts";
import { type AdminAccess, permit } from "./access.ts";
import type { AdminAction, AdminContext } from "./admin-context.ts";
import { adminLimits } from "./admin-limits.ts";
import type { ActionOutcome, AdminActions, AdminSource, ReloadAnswer } from "./admin-source.ts";
import { readClose, readId, readPublish, readSend } from "./requests.ts";

interface ActingOptions {
  readonly access: AdminAccess;
  readonly source: AdminSource;
  readonly actions: AdminActions;
  readonly reload?: (() => Promise<ReloadAnswer>) | undefined;
  readonly acted: (action: AdminAction) => void;
}

/** What a request asks for, as far as it was read: the log has it, whatever becomes of it. */
interface Asked {
  who: string;
  target: string;
}

type Answer = Readonly<Record<string, unknown>>;

type OneCommand = Omit<Extract<Question, { what: "command" }>, "what">;

/** Requests that change something: each one is logged, carried out or not. */
export class ActingApi {
  readonly #options: ActingOptions;
  readonly #bodies: Bodies;

  constructor(options: ActingOptions, bodies: Bodies) {
    this.#options = options;
    this.#bodies = bodies;
  }

  send(context: AdminContext): Promise<Response> {
    return this.#act(context, { action: "send", target: idIn(context) }, async () => {
      const id = readId(idIn(context));
      const { data, app } = readSend(await this.#body(context));
      const { actions } = this.#options;
      const item = ["send", jsonOf(data)] as const;
      return this.#command({ id, app, item }, () => actions.send(id, data, app));
    });
  }

  close(context: AdminContext): Promise<Response> {
    return this.#act(context, { action: "close", target: idIn(context) }, async () => {
      const id = readId(idIn(context));
      const { code, reason, app } = readClose(await this.#body(context));
      const { actions } = this.#options;
      const item = ["close", code, reason] as const;
      return this.#command({ id, app, item }, () => actions.close(id, { code, reason }, app));
    });
  }

  publish(context: AdminContext): Promise<Response> {
    // The target stands in the body.
    return this.#act(context, { action: "publish", target: "" }, async (asked) => {
      const { data, group, app: named } = readPublish(await this.#body(context));
      const { actions } = this.#options;
      const app = named ?? actions.apps[0] ?? "";
      asked.target = `${app}/${group}`;
      this.#checkApp(app);
      const outcomes = await actions.publish(app, group, data);
      checkPublished(outcomes.nodes);
      return { ...outcomes, group, app };
    });
  }

  reload(context: AdminContext): Promise<Response> {
    return this.#act(context, { action: "reload", target: "settings" }, async () => {
      const { reload } = this.#options;
      if (reload === undefined) throw new Refusal("request-path", "there is nothing to reload");
      const answer = await reload();
      return { ...answer, outcome: answer.reloaded ? "reloaded" : "refused" };
    });
  }

  #body(context: AdminContext): Promise<unknown> {
    return this.#bodies.with(context.env, adminLimits.bodyBytesMax, (bytes) => {
      const value = parseJson(bytes);
      if (value === undefined) throw new Refusal("request-malformed", "the body is not JSON");
      return value;
    });
  }

  #checkApp(app: string | undefined): void {
    const { apps } = this.#options.actions;
    if (app === undefined || apps.includes(app)) return;
    throw new Refusal("request-path", `app must be one of ${apps.join(", ")}`);
  }

  /** To a connection of this process, or of a worker, without the bus; `elsewhere` to others. */
  async #command(command: OneCommand, elsewhere: () => Promise<ActionOutcome>): Promise<Answer> {
    const { id, app } = command;
    this.#checkApp(app);
    const own = this.#options.source.members().find(({ node }) => node === nodeOf(id));
    if (own === undefined) return outcomeAnswer(id, await elsewhere());
    return outcomeAnswer(id, String(await own.ask({ what: "command", ...command })));
  }

  /** Carries out what somebody with the right asks for, and logs it in any case. */
  async #act(
    context: AdminContext,
    { action, target }: Pick<AdminAction, "action" | "target">,
    carryOut: (asked: Asked) => Promise<Answer>,
  ): Promise<Response> {
    const { env, req } = context;
    const { access, acted } = this.#options;
    const asked: Asked = { who: "", target: target.slice(0, adminLimits.targetCharsMax) };
    const log = (outcome: string): void => {
      acted({ ...asked, address: env.address, action, outcome });
    };
    try {
      const visitor = access.identify(req.raw.headers, env);
      asked.who = visitor.name;
      permit(visitor, "act");
      checkMediaType(req.header("content-type"));
      const answer = await carryOut(asked);
      log(typeof answer.outcome === "string" ? answer.outcome : "published");
      // A reload that is refused: something is wrong with the settings (RFC 9110, 15.5.21).
      return Response.json(answer, { status: answer.outcome === "refused" ? 422 : 200 });
    } catch (error) {
      log(refusalOf(error).code);
      throw error;
    }
  }
}

/** What the path has in place of an id, which may be none. */
function idIn({ req }: AdminContext): string {
  return req.param("id") ?? "";
}

/** Forms of other pages cannot send JSON without asking (Fetch, 3.3.1). */
function checkMediaType(header = ""): void {
  const [type = ""] = header.split(";");
  if (type.trim().toLowerCase() === "application/json") return;
  throw new Refusal("request-media-type", "the Content-Type must be application/json");
}

/** Data of a message as a JSON batch has it. */
function jsonOf(data: string | Uint8Array): unknown {
  return typeof data === "string" ? data.toWellFormed() : { $binary: base64(data) };
}

/** Throws `id-gone`, `reply-timeout`, or the code that the node refuses the command with. */
function outcomeAnswer(id: string, outcome: ActionOutcome): Answer {
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

/** Why a node refuses what the admin port may ask it for. */
const reasons: Partial<Record<ErrorCode, string>> = {
  "command-malformed":
    "a close code is 1000 to 1003, 1007 to 1014, or 3000 to 4999; a reason has up to 123 bytes",
  "publish-too-big": "the node takes no message of this size: max-publish-size",
};

function refusedByNode(code: ErrorCode): Refusal {
  return new Refusal(code, reasons[code] ?? "the node refuses the command; its log says why");
}

import { STATUS_CODES } from "node:http";
import process from "node:process";
import {
  type HttpAnswer,
  type HttpClientOptions,
  HttpError,
  ProxyRules,
  streamed,
  systemAuthorities,
} from "../../../adapters/http-client/mod.ts";
import { SystemClock } from "../../../adapters/system/mod.ts";
import {
  ErrorCode as codes,
  type ErrorCode,
  parseJson,
  ServiceError,
} from "../../../core/base/mod.ts";
import { askOnce } from "../command/mod.ts";
import { type AdminClientLimits, adminClientLimits } from "./admin-limits.ts";

/** Where the admin port is, and what opens it. */
export interface AdminPlace {
  /** Its URL without a trailing slash. */
  readonly url: string;
  /** Empty: none. */
  readonly token: string;
}

/** One server-sent event. */
export interface AdminEvent {
  readonly event: string;
  /** JSON. */
  readonly data: string;
}

/**
 * Asks `/admin` of a gateway. Every call rejects with the code and the sentence of a refusal,
 * an `HttpError`, `http-status` or `http-answer-malformed`.
 */
export class AdminClient {
  readonly #place: AdminPlace;
  readonly #limits: AdminClientLimits;

  constructor(place: AdminPlace, limits: AdminClientLimits = adminClientLimits) {
    this.#place = place;
    this.#limits = limits;
  }

  async get<Answer>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const given = Object.entries(query).filter(([, value]) => value !== "");
    const search = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
    return jsonOf<Answer>(await this.#ask(`${path}${search}`));
  }

  async post<Answer>(path: string, body: object): Promise<Answer> {
    return jsonOf<Answer>(await this.#ask(path, JSON.stringify(body)));
  }

  /** Server-sent events, until the gateway or `signal` ends them. */
  async *events(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<AdminEvent> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const piece of this.#pieces(`${path}?${new URLSearchParams(query)}`, signal)) {
        rest += decoder.decode(piece, { stream: true });
        const parts = rest.split("\n\n");
        rest = parts.pop() ?? "";
        for (const part of parts) {
          const event = readEvent(part);
          if (event !== undefined) yield event;
        }
        if (rest.length > this.#limits.eventCharsMax) throw malformed();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async *#pieces(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { url } = this.#place;
    const { connectMs, silenceMs, answerBytesMax } = this.#limits;
    const limits = { connectMs, silenceMs, answerBytesMax };
    const options = { ...limits, ...wayTo(url), headers: this.#headers, signal };
    let answer: HttpAnswer;
    try {
      answer = yield* streamed(`${url}${path}`, options, { clock: new SystemClock() });
    } catch (error) {
      throw failureOf(error);
    }
    if (!isSuccess(answer)) throw refusalOf(answer);
  }

  async #ask(path: string, body?: string): Promise<HttpAnswer> {
    const { url } = this.#place;
    const { connectMs, answerMs, answerBytesMax } = this.#limits;
    const options = { ...wayTo(url), connectMs, timeoutMs: answerMs, answerBytesMax };
    let answer: HttpAnswer;
    try {
      answer = await askOnce(`${url}${path}`, { body, headers: this.#headers }, options);
    } catch (error) {
      throw failureOf(error);
    }
    if (isSuccess(answer)) return answer;
    throw refusalOf(answer);
  }

  get #headers(): Record<string, string> {
    const { token } = this.#place;
    const headers: Record<string, string> = {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
    };
    if (token !== "") headers.authorization = `Bearer ${token}`;
    return headers;
  }
}

/** Proxies and certificate authorities, as for HTTP origins. */
function wayTo(url: string): Pick<HttpClientOptions, "proxies" | "ca"> {
  const proxies = ProxyRules.ofEnvironment(process.env);
  return url.startsWith("https:") ? { proxies, ca: systemAuthorities(process.env) } : { proxies };
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

function jsonOf<Answer>({ body }: HttpAnswer): Answer {
  const value = parseJson(body);
  if (value === undefined) throw malformed();
  return value as Answer;
}

/** Undefined for a comment. */
function readEvent(part: string): AdminEvent | undefined {
  const lines = part.split("\n");
  const field = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(name))?.slice(name.length);
  const [event, data] = [field("event: "), field("data: ")];
  return event === undefined || data === undefined ? undefined : { event, data };
}

function malformed(): ServiceError {
  return new ServiceError("http-answer-malformed", "this is not the admin port of a gateway");
}

/** With a hint where nothing was reached; what is no failure of the request stays as it is. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof HttpError) || error.code !== "http-connect") return error;
  const hint = "is the gateway running, and is --admin its admin port?";
  return new ServiceError("http-connect", `${error.message}: ${hint}`);
}

/** The code and the sentence of a refusal; of something that is no gateway its status. */
function refusalOf({ status, body }: HttpAnswer): ServiceError {
  // Something else than JSON: a proxy may have answered.
  const said = (parseJson(body) ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const code = String(said.code ?? "");
  if (Object.hasOwn(codes, code)) {
    return new ServiceError(code as ErrorCode, String(said.message ?? status));
  }
  const phrase = STATUS_CODES[status] ?? "";
  return new ServiceError("http-status", `the admin port answers ${status} ${phrase}`.trimEnd());
}

import { ErrorCode as codes, type ErrorCode, ServiceError } from "../../../core/base/mod.ts";
import { adminClientLimits } from "./admin-limits.ts";

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
 * `http-connect`, `http-timeout` or `http-answer-malformed`.
 */
export class AdminClient {
  readonly #place: AdminPlace;

  constructor(place: AdminPlace) {
    this.#place = place;
  }

  async get<Answer>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const given = Object.entries(query).filter(([, value]) => value !== "");
    const search = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
    return this.#json<Answer>(await this.#ask(`${path}${search}`));
  }

  async post<Answer>(path: string, body: object): Promise<Answer> {
    return this.#json<Answer>(await this.#ask(path, { body: JSON.stringify(body) }));
  }

  /** Server-sent events, until the gateway or `signal` ends them. */
  async *events(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<AdminEvent> {
    const answer = await this.#ask(`${path}?${new URLSearchParams(query)}`, { signal });
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of answer.body ?? []) {
        rest += decoder.decode(chunk, { stream: true });
        const parts = rest.split("\n\n");
        rest = parts.pop() ?? "";
        for (const part of parts) {
          const event = readEvent(part);
          if (event !== undefined) yield event;
        }
        if (rest.length > adminClientLimits.eventCharsMax) throw malformed();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ServiceError) throw error;
      throw new ServiceError("http-lost", "the gateway has ended the connection", {
        cause: error,
      });
    }
  }

  async #ask(
    path: string,
    given: { readonly body?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Response> {
    const { url, token } = this.#place;
    const { body, signal = AbortSignal.timeout(adminClientLimits.answerMs) } = given;
    const headers: Record<string, string> = { accept: "application/json, text/event-stream" };
    if (token !== "") headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    let answer: Response;
    try {
      const method = body === undefined ? "GET" : "POST";
      const request = { method, headers, signal, redirect: "error" } as const;
      answer = await fetch(`${url}${path}`, body === undefined ? request : { ...request, body });
    } catch (error) {
      throw failureOf(error as Error, url);
    }
    if (answer.ok) return answer;
    throw await refusalOf(answer);
  }

  async #json<Answer>(answer: Response): Promise<Answer> {
    try {
      return (await answer.json()) as Answer;
    } catch {
      throw malformed();
    }
  }
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

function failureOf(error: Error, url: string): ServiceError {
  if (error.name === "TimeoutError") {
    return new ServiceError("http-timeout", `${url} does not answer in time`);
  }
  const { cause, code } = error as { cause?: NodeJS.ErrnoException; code?: string };
  const why = cause?.code ?? code ?? cause?.message ?? error.message;
  const hint = "is the gateway running, and is --admin its admin port?";
  return new ServiceError("http-connect", `${url} cannot be reached (${why}): ${hint}`);
}

/** The code and the sentence of a refusal; of something that is no gateway its status. */
async function refusalOf(answer: Response): Promise<ServiceError> {
  const text = await answer.text().catch(() => "");
  let said: { readonly code?: unknown; readonly message?: unknown } = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // Not JSON: a proxy may have answered.
  }
  const code = String(said.code ?? "");
  if (Object.hasOwn(codes, code)) {
    return new ServiceError(code as ErrorCode, String(said.message ?? answer.status));
  }
  const status = `the admin port answers ${answer.status} ${answer.statusText}`.trimEnd();
  return new ServiceError("http-status", status);
}

import { type ErrorCode, ServiceError } from "../../core/base/mod.ts";

/** The status of the codes that a request is refused with; of any other it is 400. */
const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  "request-token": 401,
  "peer-signature": 401,
  "peer-clock": 401,
  "request-forbidden": 403,
  "request-path": 404,
  "request-method": 405,
  "request-timeout": 408,
  "peer-name": 409,
  "peer-session": 409,
  "id-gone": 410,
  "request-too-big": 413,
  "batch-too-big": 413,
  "publish-too-big": 413,
  "queue-too-small": 413,
  "request-media-type": 415,
  "wrong-node": 421,
  "send-queue-full": 429,
  internal: 500,
  "requests-full": 503,
  "broker-lost": 503,
  "broker-refused": 503,
  "worker-died": 503,
  "reply-timeout": 504,
};

interface More {
  /** In place of the status that the code has. */
  readonly status?: number;
  /** Headers of the answer, besides those that every one has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Keys of the answer's body besides `code` and `message`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A request that is not carried out: its status follows from its code. */
export class Refusal extends ServiceError {
  override readonly name: string = "Refusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, more: More = {}) {
    super(code, message);
    this.status = more.status ?? statuses[code] ?? 400;
    this.headers = more.headers ?? {};
    this.details = more.details ?? {};
  }

  /** The answer `{code, message}`. */
  response(): Response {
    const { code, message, status, details } = this;
    const retry = status === 503 ? { "retry-after": "1" } : {};
    return Response.json(
      { code, message, ...details },
      { status, headers: { ...retry, ...this.headers } },
    );
  }
}

/** Converts an error into a refusal. Internal errors reveal no details. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof ServiceError) return new Refusal(error.code, error.message);
  return new Refusal("internal", "the request could not be carried out");
}

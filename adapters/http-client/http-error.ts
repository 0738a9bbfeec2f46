import { type ErrorCode, ServiceError } from "../../core/base/mod.ts";

/** How far a request got before it failed. */
export interface HttpProgress {
  /** Bytes of the request may have reached the server: it may have acted on it. */
  readonly sent: boolean;
  /** At least one byte of the answer came. */
  readonly answered: boolean;
}

/**
 * Why a request has no answer. The message names the server by scheme, host and port only: path,
 * query, user and headers may be secret.
 */
export class HttpError extends ServiceError implements HttpProgress {
  readonly sent: boolean;
  readonly answered: boolean;

  constructor(code: ErrorCode, message: string, { sent, answered }: HttpProgress) {
    super(code, message);
    this.sent = sent;
    this.answered = answered;
  }
}

export const nothingSent: HttpProgress = { sent: false, answered: false };

/**
 * Such as `ECONNREFUSED` or `DEPTH_ZERO_SELF_SIGNED_CERT`. The message of a runtime is not used:
 * its text differs between runtimes, and may contain secrets.
 */
export function systemCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && /^\w{1,64}$/.test(code) ? code : undefined;
}

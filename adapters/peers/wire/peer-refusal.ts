import { type ErrorCode, ServiceError } from "../../../core/base/mod.ts";

/** A request of a peer that is not carried out, with the status of its answer. */
export class PeerRefusal extends ServiceError {
  override readonly name: string = "PeerRefusal";
  readonly status: number;

  constructor(status: number, code: ErrorCode, message: string) {
    super(code, message);
    this.status = status;
  }
}

/** What a handler threw, as a refusal. A fault of ours tells nothing of itself. */
export function refusalOf(error: unknown): PeerRefusal {
  if (error instanceof PeerRefusal) return error;
  if (error instanceof ServiceError) {
    const status = error.code === "request-too-big" ? 413 : 400;
    return new PeerRefusal(status, error.code, error.message);
  }
  return new PeerRefusal(500, "internal", "the request could not be carried out");
}

import type { Context } from "hono";
import type { ErrorCode } from "../../core/base/mod.ts";
import type { RequestSource } from "../http/mod.ts";
import { type AdminAccess, permit, type Right, type Visitor } from "./access.ts";

/** A request that was refused, for counters and log. */
export interface RefusedAdminRequest {
  readonly code: ErrorCode;
  readonly message: string;
  readonly status: number;
  readonly address: string;
  readonly path: string;
}

/** What somebody did on the admin port, for the log. */
export interface AdminAction {
  /** Empty if nobody was recognised. */
  readonly who: string;
  readonly address: string;
  readonly action: "send" | "close" | "publish" | "reload";
  /** Empty if the request names none. */
  readonly target: string;
  /** What came of it, or the code that it was refused with. */
  readonly outcome: string;
}

/** The environment of hono's handlers. */
export interface AdminEnvironment {
  readonly Bindings: RequestSource;
}

export type AdminContext = Context<AdminEnvironment>;

/** Throws `request-token` or `request-forbidden`. */
export function checkRight(
  access: AdminAccess,
  { env, req }: AdminContext,
  right: Right,
): Visitor {
  const visitor = access.identify(req.raw.headers, env);
  permit(visitor, right);
  return visitor;
}

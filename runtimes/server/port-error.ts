import { ServiceError } from "../../core/base/mod.ts";

/** Why a port cannot be opened. `inUse`: another program listens on it. */
export function portError(
  cause: unknown,
  inUse: boolean,
  { host, port }: { readonly host: string; readonly port: number },
): ServiceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = inUse ? `port ${port} on ${host} is in use` : reason;
  return new ServiceError(inUse ? "port-in-use" : "internal", message, { cause });
}

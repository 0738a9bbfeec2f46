import { ServiceError } from "../../core/base/mod.ts";

/** Why a port cannot be opened: `port-in-use`, or `setting-invalid` with the system's reason. */
export function portError(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): ServiceError {
  const { code, name, message = String(cause) } = (cause ?? {}) as NodeJS.ErrnoException;
  // Deno's error has a name in place of a code.
  if (code === "EADDRINUSE" || name === "AddrInUse") {
    return new ServiceError("port-in-use", `port ${port} on ${host} is in use`, { cause });
  }
  const text = `cannot listen on ${host}, port ${port}: ${code ?? message}`;
  return new ServiceError("setting-invalid", text, { cause });
}

import { isLoopbackAddress } from "../../../core/base/mod.ts";

/** Whether only programs on this machine can connect to a host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || isLoopbackAddress(host);
}

import { Refusal } from "../http/mod.ts";
import type { AdminAccess } from "./access.ts";
import { consoleFiles } from "./generated/console-files.ts";

const mediaTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
};

/** Nothing but the console's own files runs in its page, or is asked by it. */
const policy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers: Readonly<Record<string, string>> = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-cache",
};

/**
 * A file of the console; undefined if the path is none of them. The files are the same for
 * everybody: what they show is asked of `/admin`, which has rights. Throws `request-forbidden` if
 * nobody has a right there.
 */
export function consoleFile(access: AdminAccess, request: Request): Response | undefined {
  const { pathname } = new URL(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  const name = pathname === "/" ? "index.html" : /^\/console\/([a-z.-]+)$/.exec(pathname)?.[1];
  const text = name === undefined ? undefined : consoleFiles.get(name);
  if (name === undefined || text === undefined) return undefined;
  if (!access.isOpen) {
    const flags = "--admin-token, --admin-read-token or --admin-user-header";
    throw new Refusal("request-forbidden", `beyond this machine the console needs ${flags}`);
  }
  const type = mediaTypes[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain";
  return new Response(text, { headers: { ...headers, "content-type": type } });
}

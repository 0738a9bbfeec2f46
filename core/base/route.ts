import { appNamePattern } from "./names.ts";

/** A path pattern and the app that its connections belong to. */
export interface Route {
  /** A path such as `/chat/:room` or `/files/*`: `:name` is one segment, `*` all that follow. */
  readonly pattern: string;
  readonly app: string;
}

const patternForm =
  /^(\/|(\/(:[A-Za-z_][A-Za-z0-9_]{0,63}|[A-Za-z0-9._~!$&'()+,;=@%-]+))*(\/\*?)?)$/;

/** Whether a text is a path pattern. No name may occur twice. */
export function isRoutePattern(pattern: string): boolean {
  if (pattern === "" || pattern.length > 1_024 || !patternForm.test(pattern)) return false;
  const names = pattern.split("/").filter((segment) => segment.startsWith(":"));
  return new Set(names).size === names.length;
}

/** Parses `PATTERN=APP`; undefined for other text. An app's name has no `=`. */
export function parseRoute(text: string): Route | undefined {
  const at = text.lastIndexOf("=");
  const pattern = text.slice(0, at);
  const app = text.slice(at + 1);
  if (at < 0 || !isRoutePattern(pattern) || !appNamePattern.test(app)) return undefined;
  return { pattern, app };
}

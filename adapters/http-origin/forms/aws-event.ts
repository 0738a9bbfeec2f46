import { base64, parseShallow } from "../../http-wire/mod.ts";
import type { HandshakeInfo } from "./event-form.ts";

type Members = Readonly<Record<string, unknown>>;

/** The body of a message: bytes in base64. */
export function awsBody(data: string | Uint8Array): Members {
  if (typeof data === "string") return { body: data, isBase64Encoded: false };
  return { body: base64(data), isBase64Encoded: true };
}

/**
 * `headers` and `multiValueHeaders`. The gateway knows names in lower case; they are written as
 * browsers write them, because handlers ask for `Host` and `Origin`. The cookies that the node
 * passes on are a header again.
 */
export function awsHeaders(info: HandshakeInfo): Members {
  const { headers = {}, cookies = {}, subprotocols = [], ip } = info;
  const all = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) all.set(headerName(name), value);
  const pairs = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
  if (pairs.length > 0 && !all.has("Cookie")) all.set("Cookie", pairs.join("; "));
  if (subprotocols.length > 0) all.set("Sec-WebSocket-Protocol", subprotocols.join(", "));
  if (ip !== undefined && !all.has("X-Forwarded-For")) all.set("X-Forwarded-For", ip);
  const lists = [...all].map(([name, value]) => [name, [value]]);
  return { headers: Object.fromEntries(all), multiValueHeaders: Object.fromEntries(lists) };
}

const words: ReadonlyMap<string, string> = new Map([
  ["websocket", "WebSocket"],
  ["ua", "UA"],
  ["id", "ID"],
]);

/** `user-agent` → `User-Agent`. */
function headerName(lower: string): string {
  const parts = lower.split("-").map((part) => {
    return words.get(part) ?? `${part.slice(0, 1).toUpperCase()}${part.slice(1)}`;
  });
  return parts.join("-");
}

/** `queryStringParameters`, with the last value of each name, and its multi-value form. */
export function awsQuery({ query = "" }: HandshakeInfo): Members {
  const one = new Map<string, string>();
  const lists = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    one.set(name, value);
    lists.set(name, [...(lists.get(name) ?? []), value]);
  }
  if (one.size === 0) return {};
  return {
    queryStringParameters: Object.fromEntries(one),
    multiValueQueryStringParameters: Object.fromEntries(lists),
  };
}

const defaultRoute = "$default";
const bodyPrefix = "$request.body.";

/**
 * The route of a message: the text at the selected place of its JSON body. It is `$default` if
 * there is none, and if the text begins with `$`: those routes are the gateway's. A client wrote
 * the body, so one that nests too deeply is not decoded.
 */
export function routeKeyOf(data: string | Uint8Array, selection: string): string {
  if (typeof data !== "string" || !selection.startsWith(bodyPrefix)) return defaultRoute;
  let value = parseShallow(data);
  for (const name of selection.slice(bodyPrefix.length).split(".")) {
    const isObject = typeof value === "object" && value !== null && Object.hasOwn(value, name);
    value = isObject ? (value as Record<string, unknown>)[name] : undefined;
  }
  const isKey = typeof value === "string" && value !== "" && !value.startsWith("$");
  return isKey ? (value as string) : defaultRoute;
}

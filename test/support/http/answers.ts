import type { HttpAnswer } from "../../../adapters/http-client/mod.ts";

/** An answer of a back end; a body that is no text, or has no other type, is JSON. */
export function answerOf(
  status: number,
  body?: unknown,
  contentType?: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const isText = contentType !== undefined && typeof body === "string";
  const text = isText ? body : JSON.stringify(body);
  const type = body === undefined ? undefined : (contentType ?? "application/json");
  const all = new Map(Object.entries(headers));
  if (type !== undefined) all.set("content-type", type);
  return {
    status,
    headers: all,
    contentType: type,
    body: new TextEncoder().encode(body === undefined ? "" : (text as string)),
  };
}

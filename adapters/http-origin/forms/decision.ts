import * as v from "valibot";
import { isMap, ServiceError } from "../../../core/base/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import { nestsTooDeeply, readJson } from "../../http-wire/mod.ts";
import type { DecisionGrant, OriginDecision } from "./event-form.ts";

const text = v.string();

/** What a back end gives to a connection that it accepts. The gateway checks the contents. */
const grant = v.object({
  user: v.nullish(text),
  groups: v.nullish(v.array(text)),
  state: v.optional(v.unknown()),
  subprotocol: v.nullish(text),
  headers: v.nullish(v.pipe(v.unknown(), v.check(isMap), v.record(text, text))),
  expires: v.nullish(v.pipe(v.number(), v.minValue(0))),
});

/** Headers of a refusal that its client gets. */
export const passedNames: readonly string[] = ["content-type", "www-authenticate", "retry-after"];
/** The gateway accepts no others: with one of them it would answer 500. */
const passedValue = /^[\t\x20-\x7e]{0,2048}$/;

/**
 * The answer to a handshake: 2xx accepts, with what the JSON body gives; 4xx and 5xx reach the
 * client with their body. Throws `handshake-grant` if it is neither.
 */
export function readDecision(answer: HttpAnswer): OriginDecision {
  const { status, headers, contentType, body } = answer;
  if (status >= 200 && status < 300) {
    const isGrant = contentType === "application/json" && body.length > 0;
    return { accepted: true, grant: isGrant ? readGrant(body) : {} };
  }
  if (status < 400 || status > 599) {
    throw new ServiceError("handshake-grant", `authorize: the origin answered with ${status}`);
  }
  return { accepted: false, status, body, headers: passedHeaders(headers, passedNames) };
}

/** Those of these headers that the gateway accepts. */
export function passedHeaders(
  headers: ReadonlyMap<string, string>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const passed: Record<string, string> = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value !== undefined && passedValue.test(value)) passed[name] = value;
  }
  return passed;
}

function readGrant(body: Uint8Array): DecisionGrant {
  const value = readJson(body);
  // It goes out in a command, and the node would refuse the whole batch for it.
  if (nestsTooDeeply(["accept", "", value])) {
    throw new ServiceError("handshake-grant", "authorize: the answer is nested too deeply");
  }
  const result = v.safeParse(grant, isMap(value) ? inLowerCase(value) : undefined);
  if (result.success) {
    const { user, groups, state, subprotocol, headers, expires } = result.output;
    return {
      user: user ?? undefined,
      groups: groups ?? undefined,
      state: state ?? undefined,
      subprotocol: subprotocol ?? undefined,
      headers: headers ?? undefined,
      expires: expires ?? undefined,
    };
  }
  const place = v.getDotPath(result.issues[0]) ?? "body";
  throw new ServiceError("handshake-grant", `authorize: ${place} of the answer is malformed`);
}

/** As Go does, names are read whatever their case. */
function inLowerCase(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.toLowerCase(), one]));
}

import { duration, file, list, matching, type Setting, toggle } from "./setting-kinds.ts";

/** The settings of `--authorize jwt`. */
export interface JwtSettings {
  readonly "jwt-secret": string;
  readonly "jwt-secret-file": string;
  readonly "jwt-key": string;
  readonly "jwt-jwks": string;
  readonly "jwt-issuer": string;
  readonly "jwt-any-issuer": boolean;
  readonly "jwt-audience": string;
  readonly "jwt-any-audience": boolean;
  readonly "jwt-algorithms": readonly string[];
  readonly "jwt-from": readonly string[];
  readonly "jwt-clock-tolerance": number;
  readonly "jwt-require-expiry": boolean;
  readonly "jwt-user-claim": string;
  readonly "jwt-groups-claim": string;
}

const algorithms = ["HS256", "RS256", "ES256", "EdDSA"];
/** RFC 9110, 5.6.2: what a parameter, a cookie or a subprotocol may be called here. */
const source = /^(header|(query|cookie|subprotocol):[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64})$/;

/** Where tokens are looked for and what they must say. */
export const jwtSettings: { readonly [Name in keyof JwtSettings]: Setting<JwtSettings[Name]> } = {
  "jwt-secret": {
    secret: true,
    ...matching(/^(.{32,4096})?$/s, "", [
      "at least 32 characters",
      "key of HS256 tokens; better by the environment or --jwt-secret-file",
    ]),
  },
  "jwt-secret-file": matching(/^[^\0]{0,4096}$/s, "", [
    "the path of a file",
    "the same from a file; a line end at its end does not count",
  ]),
  "jwt-key": file("public key of the tokens"),
  "jwt-jwks": matching(/^(https?:\/\/\S{1,2000})?$/, "", [
    "a URL http://… or https://…",
    "where the tokens' public keys are published (JWKS)",
  ]),
  "jwt-issuer": matching(/^.{0,1024}$/s, "", ["a text", "the `iss` that tokens must have"]),
  "jwt-any-issuer": toggle(false, "tokens of any issuer are meant: no warning"),
  "jwt-audience": matching(/^.{0,1024}$/s, "", ["a text", "the `aud` that tokens must have"]),
  "jwt-any-audience": toggle(false, "tokens for any audience are meant: no warning"),
  "jwt-algorithms": list(/^(HS256|RS256|ES256|EdDSA)$/, algorithms, [
    "HS256, RS256, ES256, EdDSA separated by commas",
    "signatures that are accepted, as far as the key is of their kind",
  ]),
  "jwt-from": list(
    source,
    ["header", "query:access_token", "subprotocol:bearer."],
    [
      "header, query:NAME, cookie:NAME, subprotocol:PREFIX separated by commas",
      "where a token is looked for, in this order",
    ],
  ),
  "jwt-clock-tolerance": duration("0ms", "5m", "0ms", "that clocks of issuers may be off"),
  "jwt-require-expiry": toggle(true, "refuse tokens without `exp`, whose connections have no end"),
  "jwt-user-claim": matching(/^.{0,256}$/s, "sub", [
    "a claim's name",
    "the user; none where empty",
  ]),
  "jwt-groups-claim": matching(/^.{0,256}$/s, "groups", [
    "a claim's name",
    "the groups; none where empty",
  ]),
};

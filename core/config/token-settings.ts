import { duration, file, list, matching, path, type SettingTable, toggle } from "./kinds/mod.ts";

/** The settings of `--authorize jwt`. */
export interface TokenSettings {
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
/** A name is a token of RFC 9110, 5.6.2. */
const source = /^(header|(query|cookie|subprotocol):[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64})$/;
const anyText = { allowed: "a text", pattern: /^.{0,1024}$/s };
const claim = { allowed: "a claim's name", pattern: /^.{0,256}$/s };

export const tokenSettings: SettingTable<TokenSettings> = {
  "jwt-secret": {
    secret: true,
    ...matching("shared key of HS256 tokens; safer in the environment or a file", {
      allowed: "at least 32 characters",
      pattern: /^(.{32,4096})?$/s,
    }),
  },
  "jwt-secret-file": path("file with the key of HS256 tokens; a line break at its end is ignored"),
  "jwt-key": file("public keys that verify tokens"),
  "jwt-jwks": matching("URL of the key set (JWKS) that verifies tokens", {
    allowed: "a URL http://… or https://…",
    pattern: /^(https?:\/\/\S{1,2000})?$/,
  }),
  "jwt-issuer": matching("`iss` claim that tokens must have; empty: any", anyText),
  "jwt-any-issuer": toggle("give no warning where --jwt-issuer is empty", { default: false }),
  "jwt-audience": matching("`aud` claim that tokens must have; empty: any", anyText),
  "jwt-any-audience": toggle("give no warning where --jwt-audience is empty", { default: false }),
  "jwt-algorithms": list("accepted signature algorithms; each needs a key of its kind", {
    allowed: "HS256, RS256, ES256, EdDSA separated by commas",
    isItem: (item) => algorithms.includes(item),
    default: algorithms,
  }),
  "jwt-from": list("where the token is looked for, in this order", {
    allowed: "header, query:NAME, cookie:NAME, subprotocol:PREFIX separated by commas",
    isItem: (item) => source.test(item),
    default: ["header", "query:access_token", "subprotocol:bearer."],
  }),
  "jwt-clock-tolerance": duration("difference allowed between the issuer's clock and ours", {
    min: "0ms",
    max: "5m",
    default: "0ms",
  }),
  "jwt-require-expiry": toggle("refuse a token without `exp`, whose connection never expires", {
    default: true,
  }),
  "jwt-user-claim": matching("claim with the user's name; empty: connections have no user", {
    ...claim,
    default: "sub",
  }),
  "jwt-groups-claim": matching("claim with the groups that the connection joins; empty: none", {
    ...claim,
    default: "groups",
  }),
};

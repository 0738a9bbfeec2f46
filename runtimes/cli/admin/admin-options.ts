import * as v from "valibot";
import { matching } from "../../../core/config/mod.ts";
import { fileOption, jsonOption, type OptionTable } from "../command/mod.ts";
import { readSecretFile } from "../settings/mod.ts";
import { AdminClient } from "./admin-client.ts";

/** Options of every command that asks a gateway. */
export interface AdminOptions {
  readonly admin: string;
  readonly "admin-token": string;
  readonly "admin-token-file": string;
  readonly json: boolean;
}

const url = matching("URL of the gateway's admin port", {
  allowed: "a URL http://… or https://… without a login, a query and a fragment",
  pattern: /^https?:\/\/[^\s@?#]{1,1024}$/,
  default: "http://127.0.0.1:8081",
});

export const adminOptions: OptionTable<AdminOptions> = {
  admin: {
    ...url,
    schema: v.pipe(
      url.schema,
      v.check((text) => URL.canParse(text)),
    ),
    shown: "URL",
  },
  "admin-token": {
    ...matching("token of the admin port; safer in a file", {
      allowed: "printable characters without blanks",
      pattern: /^[\x21-\x7e]{0,1024}$/,
    }),
    secret: true,
    shown: "TOKEN",
    variable: "WSS_ADMIN_TOKEN",
  },
  "admin-token-file": fileOption("file with the token"),
  json: jsonOption,
};

/** A client of the gateway that the options name. Throws `setting-invalid`. */
export function adminClient(options: AdminOptions): AdminClient {
  const ofFile = readSecretFile("admin-token-file", options["admin-token-file"]);
  const token = ofFile ?? options["admin-token"];
  // The paths that it asks for begin with a slash.
  let url = options.admin;
  while (url.endsWith("/")) url = url.slice(0, -1);
  return new AdminClient({ url, token });
}

import { parseAddressRange, tokenPattern } from "../base/mod.ts";
import {
  file,
  host,
  list,
  matching,
  orEmpty,
  port,
  type Setting,
  type SettingTable,
  toggle,
} from "./kinds/mod.ts";

export interface PortSettings {
  readonly port: number;
  readonly host: string;
  readonly "tls-cert": string;
  readonly "tls-key": string;
  readonly "admin-port": number;
  readonly "admin-host": string;
  readonly "admin-token": string;
  readonly "admin-read-token": string;
  readonly "admin-user-header": string;
  readonly "admin-proxies": readonly string[];
  readonly "admin-actors": readonly string[];
  readonly "trusted-proxies": readonly string[];
  readonly "proxy-protocol": boolean;
  readonly compression: boolean;
}

const ranges = {
  allowed: "IP addresses and CIDR ranges separated by commas",
  isItem: (item: string): boolean => parseAddressRange(item) !== undefined,
};

/** A secret in a header; empty: none. */
function token(about: string): Setting<string> {
  return {
    secret: true,
    ...matching(`${about}; safer in the environment`, {
      allowed: "8 to 1024 printable characters without blanks",
      pattern: /^(|[\x21-\x7e]{8,1024})$/,
    }),
  };
}

export const portSettings: SettingTable<PortSettings> = {
  port: port("port for WebSocket clients; 0 picks a free port", { default: 8080 }),
  host: host("address of the client port", { default: "0.0.0.0" }),
  "tls-cert": file("certificate chain of the client port: it then speaks TLS; SIGHUP reloads it"),
  "tls-key": file("private key of --tls-cert"),
  "admin-port": port(
    "port of /healthz, /readyz, /metrics, /admin and the console; 0 picks a free port",
    { default: 8081 },
  ),
  "admin-host": host("address of the admin port", { default: "127.0.0.1" }),
  "admin-token": token("bearer token of those who may read and act on /admin"),
  "admin-read-token": token("bearer token of those who may only read /admin"),
  "admin-user-header": matching("header in which a proxy names the user of /admin", {
    allowed: "the name of a header; empty: none",
    pattern: orEmpty(tokenPattern),
  }),
  "admin-proxies": list("proxies whose --admin-user-header is trusted", ranges),
  "admin-actors": list("users of that header who may act; the others may read; *: everyone", {
    allowed: "names separated by commas, or *",
    isItem: (item) => /^[^\s,\p{Cc}]{1,256}$/u.test(item),
  }),
  "trusted-proxies": list("proxies whose X-Forwarded-For and PROXY headers are trusted", ranges),
  "proxy-protocol": toggle("require a PROXY header (version 1 or 2) on each TCP connection", {
    default: false,
  }),
  compression: toggle("accept the WebSocket extension permessage-deflate", { default: false }),
};

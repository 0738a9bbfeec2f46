import { parseAddressRange } from "../base/mod.ts";
import { file, host, list, port, type SettingTable, toggle } from "./kinds/mod.ts";

export interface PortSettings {
  readonly port: number;
  readonly host: string;
  readonly "tls-cert": string;
  readonly "tls-key": string;
  readonly "admin-port": number;
  readonly "admin-host": string;
  readonly "trusted-proxies": readonly string[];
  readonly "proxy-protocol": boolean;
  readonly compression: boolean;
}

export const portSettings: SettingTable<PortSettings> = {
  port: port("port for WebSocket clients; 0 picks a free port", { default: 8080 }),
  host: host("address that the client port listens on", { default: "0.0.0.0" }),
  "tls-cert": file("certificate chain of the client port: it then speaks TLS; SIGHUP reloads it"),
  "tls-key": file("private key of --tls-cert"),
  "admin-port": port("port of /healthz, /readyz and /metrics; 0 picks a free port", {
    default: 8081,
  }),
  "admin-host": host("address that the admin port listens on", { default: "127.0.0.1" }),
  "trusted-proxies": list("proxies whose X-Forwarded-For and PROXY headers are trusted", {
    allowed: "IP addresses and CIDR ranges separated by commas",
    isItem: (item) => parseAddressRange(item) !== undefined,
  }),
  "proxy-protocol": toggle("require a PROXY header (version 1 or 2) on each TCP connection", {
    default: false,
  }),
  compression: toggle("accept the WebSocket extension permessage-deflate", { default: false }),
};

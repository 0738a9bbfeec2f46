import * as v from "valibot";
import { limits, namePattern } from "../base/mod.ts";
import {
  choice,
  duration,
  file,
  host,
  integer,
  list,
  matching,
  orEmpty,
  path,
  port,
  portOrNone,
  type SettingTable,
  toggle,
} from "./kinds/mod.ts";

/** Origins that are called over HTTP. */
export interface HttpOriginSettings {
  readonly origin: readonly string[];
  readonly "origin-format": "original" | "batch" | "aws";
  readonly "origin-name": string;
  readonly "origin-window": number;
  readonly "origin-batch-size": number;
  readonly "origin-concurrency": number;
  readonly "origin-timeout": number;
  readonly "origin-retry": number;
  readonly "origin-secret": string;
  readonly "origin-extra-fields": boolean;
  readonly "origin-replies": boolean;
  readonly "route-selection": string;
  readonly "aws-stage": string;
  readonly "aws-domain-name": string;
}

/** Nodes that reach each other over HTTP. */
export interface ClusterSettings {
  readonly cluster: "mqtt" | "http";
  readonly peers: readonly string[];
  readonly "cluster-secret": string;
  readonly "cluster-ca": string;
  readonly "cluster-port": number;
  readonly "cluster-host": string;
}

/** Requests over HTTP to this node. */
export interface ServiceSettings {
  readonly "service-port": number | undefined;
  readonly "service-host": string;
  readonly "service-token": string;
  readonly "aws-access-keys-file": string;
  readonly "plain-get-status": number;
}

/**
 * An absolute URL of HTTP. A comma in it would split the list. The parser takes blanks and control
 * characters, and two URLs with a blank between them for one.
 */
function isHttpUrl(text: string): boolean {
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, hash } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== "" && hash === "";
}

/** A URL of a node: scheme, host and port, and nothing that would be ignored. */
function isPeerUrl(text: string): boolean {
  if (!isHttpUrl(text)) return false;
  const { origin } = new URL(text);
  return text.toLowerCase() === origin || text.toLowerCase() === `${origin}/`;
}

/** `whsec_` must be followed by base64. */
const secretPattern: RegExp =
  /^(?:whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?|(?!whsec_)\S{1,512})$/;

function areSecrets(text: string): boolean {
  return text === "" || text.split(" ").every((secret) => secretPattern.test(secret));
}

export const httpOriginSettings: SettingTable<HttpOriginSettings> = {
  origin: list("URLs that get the events by HTTP POST, tried in this order", {
    allowed: "http:// or https:// URLs without a blank or a #fragment, separated by commas",
    isItem: isHttpUrl,
  }),
  "origin-format": choice(
    "form of the events: original is that of the first websocket-service, batch that of the " +
      "protocol, aws that of Lambda functions",
    { of: ["original", "batch", "aws"], default: "original" },
  ),
  "origin-name": matching("name of the HTTP origin at the broker; empty: a random name", {
    allowed: "1 to 32 of a-z, 0-9 and -",
    pattern: orEmpty(namePattern),
  }),
  "origin-window": integer("unacknowledged events of each node", {
    min: 1,
    max: 1_000_000,
    default: limits.eventWindowItemsMax,
  }),
  "origin-batch-size": integer("events in a request of the format batch", {
    min: 1,
    max: 20_000,
    default: 1_000,
  }),
  "origin-concurrency": integer("concurrent requests to --origin", {
    min: 1,
    max: 10_000,
    default: 256,
  }),
  "origin-timeout": duration("time that a request to --origin may take", {
    min: "100ms",
    max: "1h",
    default: "15s",
  }),
  "origin-retry": duration(
    "time in which a failed request is sent again; then its connection is closed (1013), or " +
      "with batch the origin counts as gone",
    { min: "0ms", max: "1h", default: "30s" },
  ),
  "origin-secret": {
    secret: true,
    ...matching("signs the requests to --origin (Standard Webhooks); safer in the environment", {
      allowed: "whsec_ and base64, or another text; several with blanks between",
      pattern: /^[^\0]{0,4096}$/,
    }),
    schema: v.pipe(v.string(), v.maxLength(4_096), v.check(areSecrets)),
  },
  "origin-extra-fields": toggle(
    "in the original form also path, query, headers, address, user, code, reason and cause",
    { default: true },
  ),
  "origin-replies": toggle("carry out commands in the answers of --origin", { default: true }),
  "route-selection": matching("where a message has its route's name, with --origin-format aws", {
    allowed: "$request.body. and names with dots between, such as $request.body.action",
    pattern: /^\$request\.body(\.[0-9A-Za-z_-]{1,64}){1,8}$/,
    default: "$request.body.action",
  }),
  "aws-stage": matching("stage in the events of --origin-format aws", {
    allowed: "1 to 128 letters, digits, - and _",
    pattern: /^[0-9A-Za-z_-]{1,128}$/,
    default: "dev",
  }),
  "aws-domain-name": matching("domainName in the events of --origin-format aws", {
    allowed: "a host name, also with a port: api.example.com:8443",
    pattern: /^[0-9A-Za-z.-]{1,253}(?::\d{1,5})?$/,
    default: "localhost",
  }),
};

export const clusterSettings: SettingTable<ClusterSettings> = {
  cluster: choice("how nodes reach each other: by the MQTT broker or by HTTP", {
    of: ["mqtt", "http"],
    default: "mqtt",
  }),
  peers: list("nodes with --cluster http, this one too; a name may have several addresses", {
    allowed: "URLs such as http://10.0.0.1:8083 separated by commas",
    isItem: isPeerUrl,
  }),
  "cluster-secret": {
    secret: true,
    ...matching("signs what nodes with --cluster http send each other; one for all nodes", {
      allowed: "16 to 1024 printable characters",
      pattern: /^(|[\x21-\x7e]{16,1024})$/,
    }),
  },
  "cluster-ca": file("CA certificate that verifies https:// peers"),
  "cluster-port": port("port for peers with --cluster http; 0 picks a free port", {
    default: 8083,
  }),
  "cluster-host": host("address of the cluster port", { default: "127.0.0.1" }),
};

export const serviceSettings: SettingTable<ServiceSettings> = {
  "service-port": portOrNone("port of /sr, /commands and @connections; 0 picks a free port"),
  "service-host": host("address of the service port", { default: "127.0.0.1" }),
  "service-token": {
    secret: true,
    ...matching("bearer token of requests on the service port; safer in the environment", {
      allowed: "1 to 1024 printable characters without blanks",
      pattern: /^[\x21-\x7e]{0,1024}$/,
    }),
  },
  "aws-access-keys-file": path(
    "file with access keys for requests to @connections, in the format of ~/.aws/credentials",
  ),
  "plain-get-status": integer("status of a plain GET on the client port", {
    min: 200,
    max: 599,
    default: 426,
  }),
};

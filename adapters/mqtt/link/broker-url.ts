import { ServiceError, withoutBrackets } from "../../../core/base/mod.ts";

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const schemes: Readonly<Record<string, { tls: boolean; port: number }>> = {
  "mqtt:": { tls: false, port: 1883 },
  "tcp:": { tls: false, port: 1883 },
  "mqtts:": { tls: true, port: 8883 },
  "ssl:": { tls: true, port: 8883 },
  "tls:": { tls: true, port: 8883 },
};

function refuse(url: string, allowed: string): never {
  throw new ServiceError("setting-invalid", `broker ${redactUrl(url)}: ${allowed}`);
}

function decoded(url: string, part: string): string | undefined {
  if (part === "") return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return refuse(url, "user and password must be percent-encoded");
  }
}

/** Parses a `mqtt://` or `mqtts://` URL. Throws `setting-invalid`, without the password in it. */
export function parseBrokerUrl(url: string): BrokerAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return refuse(url, "must be mqtt://[user:password@]host[:port] or mqtts://…");
  }
  const scheme = schemes[parsed.protocol];
  if (scheme === undefined) return refuse(url, "the scheme must be mqtt or mqtts");
  if (parsed.hostname === "") return refuse(url, "a host is missing");
  return {
    host: withoutBrackets(parsed.hostname),
    port: parsed.port === "" ? scheme.port : Number(parsed.port),
    tls: scheme.tls,
    username: decoded(url, parsed.username),
    password: decoded(url, parsed.password),
  };
}

/** What the hash knows a broker by, and metrics and log call it: `HOST:PORT`. */
export function brokerName(url: string): string {
  const { host, port } = parseBrokerUrl(url);
  const name = withoutBrackets(host).toLowerCase();
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

/**
 * The URL without its password, for logs and messages. In text that is no URL, everything that
 * may be a password, up to the last `@`, is removed too.
 */
export function redactUrl(url: string): string {
  return url.replace(/^((?:[a-z][a-z0-9+.-]*:\/\/)?[^:@/]*):(?!\/\/).*@/is, "$1:***@");
}

import {
  type AddressRange,
  isInRanges,
  isLoopbackAddress,
  parseAddress,
  parseAddressRange,
  ServiceError,
  withoutBrackets,
} from "../../core/base/mod.ts";
import { basicCredentials } from "../system/mod.ts";

/** A proxy that requests go through. */
export interface ProxyAddress {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** One entry of NO_PROXY. */
interface Exception {
  readonly range: AddressRange | undefined;
  /** `example.org`; with a dot in front only the names below it. */
  readonly name: string;
  readonly port: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which requests go through which proxy, by the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY in
 * upper or lower case; the upper one counts if both are set. The rules are those of Go's
 * `httpproxy`: this host itself is never reached through a proxy.
 */
export class ProxyRules {
  readonly #http: ProxyAddress | undefined;
  readonly #https: ProxyAddress | undefined;
  readonly #all: boolean;
  readonly #exceptions: readonly Exception[];

  private constructor(
    http: ProxyAddress | undefined,
    https: ProxyAddress | undefined,
    exceptions: string[],
  ) {
    this.#http = http;
    this.#https = https;
    this.#all = exceptions.includes("*");
    this.#exceptions = exceptions.map(exceptionOf);
  }

  /** Throws `setting-invalid` if a proxy's URL cannot be used. */
  static ofEnvironment(environment: Environment): ProxyRules {
    const read = (name: string): string =>
      environment[name] || environment[name.toLowerCase()] || "";
    const exceptions = read("NO_PROXY").split(/[\s,]/).filter(Boolean);
    const [http, https] = ["HTTP_PROXY", "HTTPS_PROXY"].map((name) => proxyOf(name, read(name)));
    return new ProxyRules(http, https, exceptions);
  }

  /** The proxy to this server, if there is one. `host` is without brackets. */
  proxyFor(isTls: boolean, host: string, port: number): ProxyAddress | undefined {
    const proxy = isTls ? this.#https : this.#http;
    if (proxy === undefined || this.#all) return undefined;
    const name = host.toLowerCase();
    if (name === "localhost" || isLoopbackAddress(name)) return undefined;
    return this.#exceptions.some((one) => matches(one, name, port)) ? undefined : proxy;
  }
}

function proxyOf(variable: string, text: string): ProxyAddress | undefined {
  if (text === "") return undefined;
  // `proxy:3128` is a host and a port, though a URL parser takes `proxy:` for a scheme.
  const full = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url?.protocol !== "http:" || url.hostname === "") {
    // The value may contain a password.
    throw new ServiceError("setting-invalid", `${variable}: must be the http:// URL of a proxy`);
  }
  return {
    host: withoutBrackets(url.hostname),
    port: Number(url.port || 80),
    authorization: basicCredentials(url),
  };
}

function exceptionOf(text: string): Exception {
  const range = parseAddressRange(text);
  if (range !== undefined) return { range, name: "", port: undefined };
  const match = /^(.*?):(\d{1,5})$/.exec(text);
  const host = withoutBrackets(match?.[1] ?? text).toLowerCase();
  const port = match === null ? undefined : Number(match[2]);
  // `*.example.org` means what `.example.org` means.
  return { range: parseAddressRange(host), name: host.replace(/^\*\./, "."), port };
}

function matches({ range, name, port }: Exception, host: string, hostPort: number): boolean {
  if (port !== undefined && port !== hostPort) return false;
  if (range !== undefined) return isInRanges(host, [range]);
  if (parseAddress(host) !== undefined) return false;
  return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

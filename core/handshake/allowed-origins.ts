/**
 * Whether a page of that `Origin` may open a connection. An entry is an origin, compared as a
 * whole, `*.example.com` for each host below it, by any scheme and port, or `*`. RFC 6455, 10.2.
 */
export function originAllowed(originHeader: string, allowed: readonly string[]): boolean {
  const origin = originHeader.trim().toLowerCase();
  const host = /^[a-z][a-z0-9+.-]*:\/\/([^/:@,\s]+)(?::\d{1,5})?$/.exec(origin)?.[1];
  return allowed.some((entry) => {
    const name = entry.toLowerCase();
    if (name === "*") return true;
    return name.startsWith("*.") ? (host?.endsWith(name.slice(1)) ?? false) : name === origin;
  });
}

const defaultPorts: Readonly<Record<string, string>> = { "http:": ":80", "https:": ":443" };

/**
 * Whether a page of that `Origin` comes from the requested host. Where the port speaks TLS the
 * page has to come by TLS. Elsewhere a proxy may have ended TLS, and the scheme says nothing.
 */
export function isSameOrigin(originHeader: string, host: string, secure: boolean): boolean {
  const origin = originHeader.trim().toLowerCase();
  const at = origin.indexOf("//");
  const scheme = origin.slice(0, at);
  const port = defaultPorts[scheme];
  if (at < 0 || port === undefined || (secure && scheme !== "https:")) return false;
  const own = host.trim().toLowerCase();
  return own !== "" && withoutEnd(origin.slice(at + 2), port) === withoutEnd(own, port);
}

function withoutEnd(text: string, end: string): string {
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}

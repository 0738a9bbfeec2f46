/**
 * Whether a page of that `Origin` may open a connection. An entry is an origin, compared as a
 * whole, or `*.example.com`: any scheme and port, any host below that one. RFC 6455, 10.2.
 */
export function originAllowed(originHeader: string, allowed: readonly string[]): boolean {
  const origin = originHeader.trim().toLowerCase();
  const host = /^[a-z][a-z0-9+.-]*:\/\/([^/:@,\s]+)(?::\d{1,5})?$/.exec(origin)?.[1];
  return allowed.some((entry) => {
    const name = entry.toLowerCase();
    return name.startsWith("*.") ? (host?.endsWith(name.slice(1)) ?? false) : name === origin;
  });
}

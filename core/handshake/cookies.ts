/**
 * The cookies of a request that are passed to the origin, by name; undefined if there are none.
 * Of several with one name the first counts: RFC 6265, 5.4 puts the most specific first.
 */
export function allowedCookies(
  header: string | undefined,
  names: readonly string[],
): Record<string, string> | undefined {
  if (header === undefined || names.length === 0) return undefined;
  const cookies = new Map<string, string>();
  // Several Cookie headers are joined by a comma, although RFC 6265, 5.4 allows only one.
  for (const pair of header.split(/[;,]/)) {
    const at = pair.indexOf("=");
    if (at < 0) continue;
    const name = pair.slice(0, at).trim();
    if (!names.includes(name) || cookies.has(name)) continue;
    const value = pair.slice(at + 1).trim();
    cookies.set(name, /^".*"$/.test(value) ? value.slice(1, -1) : value);
  }
  return cookies.size === 0 ? undefined : Object.fromEntries(cookies);
}

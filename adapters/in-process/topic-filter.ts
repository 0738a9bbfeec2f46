/** Whether a topic filter has wildcards (MQTT 3.1.1, 4.7.1). */
export function hasWildcard(filter: string): boolean {
  return filter.includes("+") || filter.endsWith("#");
}

/** Whether a filter matches a topic: MQTT 3.1.1, 4.7. `#` also matches the level above it. */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length) return false;
    if (level !== "+" && level !== levels[index]) return false;
  }
  if (levels.length === wanted.length) return true;
  return false;
}

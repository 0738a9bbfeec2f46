/** The node's name that a connection id starts with; undefined where the string is no such id. */
export function nodeOfConnectionId(id: string): string | undefined {
  return /^([a-z0-9-]{1,32})\.[A-Za-z0-9_-]{1,63}$/.exec(id)?.[1];
}

/** The variable that has a user's password: `PASSWORD_EDGE_1` of `edge-1`. */
export function variableOf(name: string): string {
  return `PASSWORD_${name.toUpperCase().replaceAll("-", "_")}`;
}

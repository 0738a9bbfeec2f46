const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A connection id of a node and slot whose secret is one letter, 22 times. */
export function idOf(node: string, slot: number, letter = "s"): string {
  let chars = "";
  for (let shift = 18; shift >= 0; shift -= 6) chars += alphabet[(slot >> shift) & 63];
  return `${node}.${chars}${letter.repeat(22)}`;
}

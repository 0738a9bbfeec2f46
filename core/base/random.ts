/** 32 characters, so that each of them is equally likely. */
const alphabet = "abcdefghijklmnopqrstuvwxyz012345";

/** A name of `chars` random characters. The port `Random` is a source of bytes. */
export function randomName(
  random: { fill(target: Uint8Array): Uint8Array },
  chars: number,
): string {
  const bytes = random.fill(new Uint8Array(chars));
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
}

/** A random number from 0 up to 1, in 256 steps. The port `Random` is a source of bytes. */
export function randomFraction(random: { fill(target: Uint8Array): Uint8Array }): number {
  const [byte = 0] = random.fill(new Uint8Array(1));
  return byte / 256;
}

import { Verb } from "../../core/ports/mod.ts";
import type { Stretch } from "./read.ts";

/** Verbs by their bytes: few, and most differ in the first. */
const verbs: readonly (readonly [name: Uint8Array, verb: Verb])[] = Object.entries(Verb).map(
  ([name, verb]) => [new TextEncoder().encode(name), verb],
);

/** The verb that these letters are. */
export function verbOf(bytes: Uint8Array, { at, length }: Stretch): Verb {
  for (const [name, verb] of verbs) {
    if (name.length !== length) continue;
    let same = 0;
    while (same < length && name[same] === bytes[at + same]) same++;
    if (same === length) return verb;
  }
  return Verb.unknown;
}

/** The element that names a group, where the verb has one; a `query` may name ids there. */
export function groupPlace(verb: Verb): number {
  if (verb === Verb.publish || verb === Verb.query) return 1;
  return verb === Verb.join || verb === Verb.leave ? 2 : 0;
}

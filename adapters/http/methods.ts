import { Refusal } from "./refusal.ts";

/** The answer to a method that a path does not have: 405, with those that it has. */
export function methodRefusal(...allowed: readonly string[]): Refusal {
  const last = allowed.at(-1);
  const others = allowed.slice(0, -1).join(", ");
  const message = `the method must be ${others === "" ? last : `${others} or ${last}`}`;
  return new Refusal("request-method", message, { headers: { allow: allowed.join(", ") } });
}

/** A handler for all methods besides those of a path. */
export function only(...allowed: readonly string[]): () => never {
  return () => {
    throw methodRefusal(...allowed);
  };
}

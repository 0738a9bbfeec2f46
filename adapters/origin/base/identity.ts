import type { Topics } from "../../topics/mod.ts";

/** Who an origin is, and where its topics are. */
export interface OriginIdentity {
  readonly app: string;
  readonly name: string;
  /** Of this start of the origin: random. */
  readonly incarnation: string;
  readonly topics: Topics;
}

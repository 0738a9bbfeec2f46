import type { EventStream } from "../events/mod.ts";
import type { LiveOrigin } from "./origin-directory.ts";

/** An origin that takes connections, until it leaves, dies or starts anew. */
export interface AssignedOrigin {
  readonly origin: LiveOrigin;
  readonly stream: EventStream;
  /** It finishes what it was given. */
  leaving: boolean;
}

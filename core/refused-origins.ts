import type { EventStreamParts } from "./event-stream-options.ts";
import { fitBare } from "./fit-batch.ts";
import { missedHeartbeatsMax } from "./origin-directory.ts";
import type { OriginPresence } from "./ports/mod.ts";

/** When an origin counts as gone, should it say nothing more. */
interface Refused {
  due: number;
}

/**
 * Origins that live, and to which the broker lets this node publish nothing. They take part again
 * as soon as it does: with each of their heartbeats they are sent an empty `alive`, outside any
 * stream.
 */
export class RefusedOrigins {
  readonly #parts: EventStreamParts;
  readonly #app: string;
  readonly #admit: (name: string, presence: OriginPresence) => void;
  readonly #origins: Map<string, Refused> = new Map();
  /** Whether the channel can publish. While it cannot, nobody is asked. */
  connected = false;

  constructor(
    parts: EventStreamParts,
    app: string,
    admit: (name: string, presence: OriginPresence) => void,
  ) {
    this.#parts = parts;
    this.#app = app;
    this.#admit = admit;
  }

  add({ name, presence }: { readonly name: string; readonly presence: OriginPresence }): void {
    const now = this.#parts.clock.now();
    // A broker that was killed clears nobody's presence: names must not pile up.
    for (const [other, { due }] of this.#origins) if (due < now) this.#origins.delete(other);
    this.#origins.set(name, { due: now + missedHeartbeatsMax * presence.every });
  }

  /** A presence came in, or was cleared. True where it is one of these that still lives. */
  presence(name: string, presence: OriginPresence | undefined): boolean {
    const refused = this.#origins.get(name);
    if (refused === undefined) return false;
    if (presence === undefined) {
      this.#origins.delete(name);
      return false;
    }
    refused.due = this.#parts.clock.now() + missedHeartbeatsMax * presence.every;
    if (this.connected) this.#ask(name, presence, refused);
    return true;
  }

  #ask(name: string, presence: OriginPresence, refused: Refused): void {
    const { codec, channel, metrics } = this.#parts;
    const json = presence.format === "json";
    const fit = { codec, bytesMax: channel.batchBytesMax, json, unfit: () => {} };
    const [payload] = fitBare([["alive", []]], fit);
    channel.publish({ app: this.#app, origin: name }, payload!, (error) => {
      if (error !== undefined) metrics.error(error.code);
      else if (this.#origins.get(name) === refused) {
        this.#origins.delete(name);
        this.#admit(name, presence);
      }
    });
  }
}

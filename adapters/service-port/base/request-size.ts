import { Refusal } from "../../http/mod.ts";
import { serviceLimits } from "./service-limits.ts";

/** Counts what a request asks for, so that it is refused before any of it is done. */
export class RequestSize {
  #commands = 0;
  #ids = 0;
  #queriedIds = 0;

  /** A command or a message at `place` of the body. Throws `request-too-big`. */
  add(place: string, ids: number, isQuery: boolean = false): void {
    this.#commands++;
    this.#ids += ids;
    if (isQuery) this.#queriedIds += ids;
    const { commandsMax, idsMax, queriedIdsMax } = serviceLimits;
    if (this.#commands > commandsMax) throw tooBig(place, `have ${commandsMax} commands`);
    if (this.#ids > idsMax) throw tooBig(place, `name ${idsMax} ids`);
    if (this.#queriedIds > queriedIdsMax) throw tooBig(place, `query ${queriedIdsMax} ids`);
  }
}

function tooBig(place: string, most: string): Refusal {
  return new Refusal("request-too-big", `${place}: a request may ${most} at most`);
}

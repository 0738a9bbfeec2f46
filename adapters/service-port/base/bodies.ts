import type { RequestSource } from "../../http/mod.ts";
import { Refusal } from "./refusal.ts";
import { serviceLimits } from "./service-limits.ts";

/** Reads bodies, and bounds what all of them take together. */
export class Bodies {
  #bytes = 0;

  /**
   * Reads the body and gives it to `use`. Throws `request-too-big`, also where the length alone
   * says so, and `requests-full` where the bodies that are read now leave no room for it.
   */
  async with<Result>(
    source: RequestSource,
    bytesMax: number,
    use: (body: Uint8Array<ArrayBuffer>) => Result | Promise<Result>,
  ): Promise<Result> {
    const bytes = source.length ?? bytesMax;
    if (bytes > bytesMax) throw tooBig(bytesMax);
    if (this.#bytes + bytes > serviceLimits.bodiesBytesMax) {
      throw new Refusal("requests-full", "too many bytes of other requests are read now");
    }
    this.#bytes += bytes;
    try {
      return await use(await source.body(bytesMax));
    } finally {
      this.#bytes -= bytes;
    }
  }
}

function tooBig(bytesMax: number): Refusal {
  return new Refusal("request-too-big", `the body may have ${bytesMax} bytes`);
}

import { Refusal } from "./refusal.ts";
import type { RequestSource } from "./request-source.ts";

/** Reads bodies, and bounds what all of them take together. */
export class Bodies {
  readonly #bytesMax: number;
  #bytes = 0;

  /** `bytesMax` bounds all bodies that are read at one time. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Reads the body and gives it to `use`. Throws `request-too-big`, also if the length alone
   * says so, and `requests-full` if the bodies that are read now leave no room for it.
   */
  async with<Result>(
    source: Pick<RequestSource, "length" | "body">,
    bytesMax: number,
    use: (body: Uint8Array<ArrayBuffer>) => Result | Promise<Result>,
  ): Promise<Result> {
    const bytes = source.length ?? bytesMax;
    if (bytes > bytesMax) throw tooBig(bytesMax);
    if (this.#bytes + bytes > this.#bytesMax) {
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

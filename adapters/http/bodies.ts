import { Refusal } from "./refusal.ts";
import type { RequestSource } from "./request-source.ts";

/** Reads bodies, and bounds what all of them take together. */
export class Bodies {
  readonly #bytesMax: number;
  readonly #countMax: number;
  #bytes = 0;
  #count = 0;

  /** `bytesMax` bounds all bodies that are read at one time, and `countMax` their number. */
  constructor(bytesMax: number, countMax: number = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
    this.#countMax = countMax;
  }

  /**
   * Reads the body and gives it to `use`. A body whose length is told has its room at once,
   * another one takes it as it comes. Throws `request-too-big`, also if the length alone says so,
   * and `requests-full` if the bodies that are read now leave no room for it.
   */
  async with<Result>(
    source: Pick<RequestSource, "length" | "body">,
    bytesMax: number,
    use: (body: Uint8Array<ArrayBuffer>) => Result | Promise<Result>,
  ): Promise<Result> {
    const { length } = source;
    if (length !== undefined && length > bytesMax) throw tooBig(bytesMax);
    if (this.#count >= this.#countMax) throw full();
    let reserved = 0;
    const reserve = (bytes: number): void => {
      if (this.#bytes + bytes > this.#bytesMax) throw full();
      this.#bytes += bytes;
      reserved += bytes;
    };
    if (length !== undefined) reserve(length);
    this.#count++;
    try {
      return await use(await source.body(bytesMax, length === undefined ? reserve : undefined));
    } finally {
      this.#count--;
      this.#bytes -= reserved;
    }
  }
}

function full(): Refusal {
  return new Refusal("requests-full", "too many bytes of other requests are read now");
}

function tooBig(bytesMax: number): Refusal {
  return new Refusal("request-too-big", `the body may have ${bytesMax} bytes`);
}

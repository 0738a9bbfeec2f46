import { backOffMs } from "../../../core/base/mod.ts";
import { httpOriginLimits } from "./http-origin-limits.ts";

/** One URL and its state. */
interface BackEnd {
  readonly url: string;
  /** Failures since it answered last. */
  failures: number;
  /** Until then it gets no request if another URL is up. */
  downUntil: number;
  /** A request is under way that finds out whether it works again. */
  probing: boolean;
}

/**
 * The URLs of an origin: the first that is not down gets every request. One that could not be
 * reached is down for a while, which grows, and comes back with the first answer.
 */
export class BackEnds {
  readonly #all: readonly BackEnd[];
  readonly #now: () => number;

  constructor(urls: readonly string[], now: () => number) {
    this.#all = urls.map((url) => ({ url, failures: 0, downUntil: 0, probing: false }));
    this.#now = now;
  }

  get size(): number {
    return this.#all.length;
  }

  /** The URL for the next request; `tried` are those that this request has tried already. */
  next(tried: readonly string[]): string {
    const [first] = this.#all;
    // Nearly always so.
    if (first?.failures === 0 && tried.length === 0) return first.url;
    const all = this.#all.filter(({ url }) => !tried.includes(url));
    const candidates = all.length > 0 ? all : this.#all;
    const now = this.#now();
    for (const one of candidates) {
      if (one.failures === 0) return one.url;
      if (one.downUntil > now || one.probing) continue;
      one.probing = true;
      return one.url;
    }
    // All are down: the one whose time is over first.
    return candidates.reduce((a, b) => (b.downUntil < a.downUntil ? b : a)).url;
  }

  /** It answered, and not with a failure. */
  answered(url: string): void {
    const one = this.#of(url);
    one.failures = 0;
    one.probing = false;
  }

  /** It could not be reached, did not answer, or answered with a failure. */
  failed(url: string): void {
    const one = this.#of(url);
    one.failures++;
    one.probing = false;
    const { downMs: msMin, downMsMax: msMax } = httpOriginLimits;
    one.downUntil = this.#now() + backOffMs(one.failures - 1, { msMin, msMax });
  }

  /** Its answer was not waited for: that says nothing about it. */
  left(url: string): void {
    this.#of(url).probing = false;
  }

  #of(url: string): BackEnd {
    return this.#all.find((one) => one.url === url)!;
  }
}

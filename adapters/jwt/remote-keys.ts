import { limits, ServiceError } from "../../core/base/mod.ts";
import type { Cancel, Clock, Logger } from "../../core/ports/mod.ts";
import { EndpointFault, fetchJson } from "./fetch-json.ts";
import { keysOfSet, type VerificationKey } from "./verification-key.ts";

export interface RemoteKeysParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The keys of a JWKS URL. They are asked for again in the background, and replaced by a good set
 * alone: while the endpoint is away or answers nonsense, those that are known go on.
 */
export class RemoteKeys {
  readonly #parts: RemoteKeysParts;
  readonly #url: URL;
  readonly #closing: AbortController = new AbortController();
  #keys: readonly VerificationKey[] | undefined;
  #loading: Promise<void> | undefined;
  /** The end of the last try: an endpoint that hangs is left alone for a while too. */
  #answeredAt: number | undefined;
  /** What went wrong the last time. */
  #fault: string | undefined;
  #cancelNext: Cancel | undefined;

  constructor(url: string, parts: RemoteKeysParts) {
    this.#url = parseUrl(url);
    this.#parts = parts;
  }

  /** Undefined until there was a good set. */
  get keys(): readonly VerificationKey[] | undefined {
    return this.#keys;
  }

  /** Asks at once, and from then on from time to time. */
  start(): void {
    void this.refresh();
  }

  close(): void {
    this.#cancelNext?.();
    this.#closing.abort();
  }

  /**
   * Asks anew, unless that was done a moment ago: strangers choose what their tokens name, and
   * must not be able to make us a burden on the endpoint. Resolves when `keys` is as good as it
   * gets now; never rejects.
   */
  refresh(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    if (this.#closing.signal.aborted || this.#askedJustNow()) return Promise.resolve();
    this.#cancelNext?.();
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined;
      this.#answeredAt = this.#parts.clock.now();
      this.#planNext();
    });
    return this.#loading;
  }

  #askedJustNow(): boolean {
    if (this.#answeredAt === undefined) return false;
    const pauseMs = this.#fault === undefined ? limits.jwksCooldownMs : limits.jwksRetryMs;
    const sinceMs = this.#parts.clock.now() - this.#answeredAt;
    // A clock that was set back must not stop us.
    return sinceMs >= 0 && sinceMs < pauseMs;
  }

  #planNext(): void {
    if (this.#closing.signal.aborted) return;
    const pauseMs = this.#fault === undefined ? limits.jwksRefreshMs : limits.jwksRetryMs;
    this.#cancelNext = this.#parts.clock.after(pauseMs, () => void this.refresh());
  }

  async #load(): Promise<void> {
    try {
      const signal = this.#closing.signal;
      const keys = await keysOfSet(await fetchJson(this.#url, { ...this.#parts, signal }));
      if (keys === undefined)
        throw new EndpointFault("answered with something that is no key set");
      // A set that can check nothing would shut everybody out: more likely a fault than a wish.
      if (keys.length === 0) throw new EndpointFault("answered with no key that can be used");
      this.#take(keys);
    } catch (error) {
      const fault = error instanceof EndpointFault ? error.message : "could not be read";
      if (!this.#closing.signal.aborted) this.#tell(fault);
    }
  }

  #take(keys: readonly VerificationKey[]): void {
    const known = this.#keys;
    this.#keys = keys;
    const changed = namesOf(known) !== namesOf(keys);
    if (!changed && this.#fault === undefined) return;
    this.#fault = undefined;
    const fields = { url: this.#shownUrl, keys: keys.length };
    this.#parts.logger.log("info", "jwks-loaded", "the keys that check tokens are here", fields);
  }

  /** One line for a fault, however long it lasts: nobody reads the same one every few seconds. */
  #tell(fault: string): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    const outcome =
      this.#keys === undefined ? "nobody is let in until it does" : "the keys known so far go on";
    const message = `the JWKS endpoint ${fault}; ${outcome}`;
    const fields = { code: "keys-unavailable", url: this.#shownUrl };
    this.#parts.logger.log("warn", "jwks-failed", message, fields);
  }

  /** Without a password, and without a query that may be one. */
  get #shownUrl(): string {
    return `${this.#url.protocol}//${this.#url.host}${this.#url.pathname}`;
  }
}

function namesOf(keys: readonly VerificationKey[] | undefined): string {
  return JSON.stringify(keys?.map(({ algorithm, keyId }) => [algorithm, keyId]));
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ServiceError("setting-invalid", "jwt-jwks: must be a http:// or https:// URL");
  }
  return url;
}

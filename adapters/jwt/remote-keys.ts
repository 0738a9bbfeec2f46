import { limits, ServiceError } from "../../core/base/mod.ts";
import type { Cancel } from "../../core/ports/mod.ts";
import { EndpointFault, fetchJson } from "./fetch-json.ts";
import type { JwtPorts } from "./jwt-options.ts";
import { keysOfSet, type VerificationKey } from "./verification-key.ts";

interface RemotePorts extends JwtPorts {
  /** No other key verifies tokens. */
  readonly isAlone: boolean;
}

/**
 * The keys of a JWKS URL, fetched in the background. Only a valid key set replaces them: while the
 * endpoint is away or answers nonsense, the known keys stay in use.
 */
export class RemoteKeys {
  readonly #ports: RemotePorts;
  readonly #url: URL;
  readonly #closing: AbortController = new AbortController();
  #keys: readonly VerificationKey[] | undefined;
  #loading: Promise<void> | undefined;
  /** End of the last request, answered or not. */
  #answeredAt: number | undefined;
  /** Why the last request failed. */
  #fault: string | undefined;
  #cancelNext: Cancel | undefined;
  /** When a valid key set came, or none had come yet, in ticks. */
  #takenAt: number;

  constructor(url: string, ports: RemotePorts) {
    this.#url = parseUrl(url);
    this.#ports = ports;
    this.#takenAt = ports.clock.ticks();
  }

  /** Milliseconds since a valid key set came; since the start, if none did. */
  get ageMs(): number {
    return this.#ports.clock.ticks() - this.#takenAt;
  }

  /** Undefined until a valid key set came. */
  get keys(): readonly VerificationKey[] | undefined {
    return this.#keys;
  }

  /** Fetches the keys now and periodically. */
  start(): void {
    void this.refresh();
  }

  /** Goes on from the keys that another one of the same URL knows. */
  adopt(known: RemoteKeys): void {
    this.#keys = known.#keys;
    this.#takenAt = known.#takenAt;
  }

  /** Fetches the keys before any use. Rejects with `keys-unavailable` if there are none. */
  async fetchFirst(): Promise<void> {
    try {
      this.#take(await this.#request());
    } catch (error) {
      const sentence = `jwt-jwks: the JWKS endpoint ${faultOf(error)}`;
      throw new ServiceError("keys-unavailable", sentence);
    }
    this.#answeredAt = this.#ports.clock.ticks();
    this.#planNext();
  }

  close(): void {
    this.#cancelNext?.();
    this.#closing.abort();
  }

  /**
   * Fetches the keys again, unless that was done a moment ago: clients choose the `kid` of their
   * tokens and must not be able to flood the endpoint. Resolves when `keys` is up to date; never
   * rejects.
   */
  refresh(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    if (this.#closing.signal.aborted || this.#askedJustNow()) return Promise.resolve();
    return this.#fetch();
  }

  #fetch(): Promise<void> {
    this.#cancelNext?.();
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined;
      this.#answeredAt = this.#ports.clock.ticks();
      this.#planNext();
    });
    return this.#loading;
  }

  #askedJustNow(): boolean {
    if (this.#answeredAt === undefined) return false;
    const pauseMs = this.#fault === undefined ? limits.jwksCooldownMs : limits.jwksRetryMs;
    const sinceMs = this.#ports.clock.ticks() - this.#answeredAt;
    // A clock that was set back must not stop the requests.
    return sinceMs >= 0 && sinceMs < pauseMs;
  }

  #planNext(): void {
    if (this.#closing.signal.aborted) return;
    const pauseMs = this.#fault === undefined ? limits.jwksRefreshMs : limits.jwksRetryMs;
    // Not `refresh`: a timer may be early by the clock's count, and no other one would follow.
    this.#cancelNext = this.#ports.clock.after(pauseMs, () => void this.#fetch());
  }

  async #load(): Promise<void> {
    try {
      this.#take(await this.#request());
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#logFault(faultOf(error));
    }
  }

  async #request(): Promise<readonly VerificationKey[]> {
    const signal = this.#closing.signal;
    const keys = await keysOfSet(await fetchJson(this.#url, { ...this.#ports, signal }));
    if (keys === undefined)
      throw new EndpointFault("answered with something other than a key set");
    // An empty set would refuse every token: it is more likely a fault than intended.
    if (keys.length === 0) throw new EndpointFault("answered without a usable key");
    return keys;
  }

  #take(keys: readonly VerificationKey[]): void {
    const known = this.#keys;
    this.#keys = keys;
    this.#takenAt = this.#ports.clock.ticks();
    const changed = namesOf(known) !== namesOf(keys);
    if (!changed && this.#fault === undefined) return;
    this.#fault = undefined;
    const fields = { url: this.#shownUrl, keys: keys.length };
    this.#ports.logger.log(
      "info",
      "jwks-loaded",
      "the keys that verify tokens are loaded",
      fields,
    );
  }

  /** Logs a fault once, however long it lasts. */
  #logFault(fault: string): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    const message = `the JWKS endpoint ${fault}; ${this.#outcome}`;
    const fields = { code: "keys-unavailable", url: this.#shownUrl };
    this.#ports.logger.log("warn", "jwks-failed", message, fields);
  }

  /** What a fault means for tokens. */
  get #outcome(): string {
    if (this.#keys !== undefined) return "the known keys stay in use";
    if (this.#ports.isAlone) return "no token can be verified";
    return "only tokens of jwt-secret and jwt-key can be verified";
  }

  /** Without credentials and query, which may be secret. */
  get #shownUrl(): string {
    return `${this.#url.protocol}//${this.#url.host}${this.#url.pathname}`;
  }
}

function faultOf(error: unknown): string {
  return error instanceof EndpointFault ? error.message : "could not be read";
}

function namesOf(keys: readonly VerificationKey[] | undefined): string {
  return JSON.stringify(keys?.map(({ algorithm, keyId }) => [algorithm, keyId]));
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ServiceError("setting-invalid", "jwt-jwks: must be an http:// or https:// URL");
  }
  return url;
}

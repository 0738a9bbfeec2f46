import type { HandshakeAnswer, HandshakeRefusal, HandshakeRequest } from "../../core/ports/mod.ts";
import { upgradeMissing } from "../../core/websocket/mod.ts";
import { readTarget } from "./request-target.ts";

/** A request of the Fetch API, as the gateway sees it. */
export class FetchRequest implements HandshakeRequest {
  readonly path: string;
  readonly query: string;
  /** On Deno the target as it came, after the host; on Bun as the URL standard resolves it. */
  readonly target: string;
  readonly remoteAddress: string;
  readonly #request: Request;

  constructor(request: Request, remoteAddress: string) {
    this.#request = request;
    this.remoteAddress = remoteAddress;
    this.target = request.url;
    const { path, query } = readTarget(withoutAuthority(request.url));
    this.path = path;
    this.query = query;
  }

  get method(): string {
    return this.#request.method;
  }

  onLeft(left: () => void): void {
    this.#request.signal.addEventListener("abort", left, { once: true });
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  headers(): Iterable<readonly [string, string]> {
    return this.#request.headers;
  }
}

/** Path and query of `http://authority/path?query`, as they are. */
function withoutAuthority(url: string): string {
  const start = url.indexOf("/", "https://".length);
  return start < 0 ? url : url.slice(start);
}

/** A refusal as a response; also for an admitted request that the runtime cannot upgrade. */
export function refusalResponse(answer: HandshakeAnswer): Response {
  const refusal: HandshakeRefusal = answer.accepted ? upgradeMissing : answer;
  return new Response(refusal.body as BodyInit, {
    status: refusal.statusCode,
    headers: refusal.headers,
  });
}

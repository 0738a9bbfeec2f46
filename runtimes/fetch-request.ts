import type { HandshakeAnswer, HandshakeRefusal, HandshakeRequest } from "../core/ports/mod.ts";
import { refuse } from "../core/protocol/mod.ts";

/** A request of the Fetch API, as the gateway looks at it. */
export class FetchRequest implements HandshakeRequest {
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  private readonly request: Request;

  constructor(request: Request, remoteAddress: string) {
    this.request = request;
    this.remoteAddress = remoteAddress;
    const { url } = request;
    // The target begins behind the authority; `URL` would decode and cost more.
    const start = url.indexOf("/", url.indexOf("://") + 3);
    const target = start < 0 ? "/" : url.slice(start);
    const mark = target.indexOf("?");
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? "" : target.slice(mark + 1);
  }

  get method(): string {
    return this.request.method;
  }

  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }

  headers(): Iterable<readonly [string, string]> {
    return this.request.headers;
  }
}

/** The refusal as a response; an admission of what the runtime cannot upgrade becomes one too. */
export function refusalResponse(answer: HandshakeAnswer): Response {
  const refusal: HandshakeRefusal = answer.accepted ? notUpgraded : answer;
  return new Response(refusal.body as BodyInit, {
    status: refusal.statusCode,
    headers: refusal.headers,
  });
}

const notUpgraded = refuse(
  400,
  "handshake-upgrade",
  "an upgrade to websocket is what is served here",
);

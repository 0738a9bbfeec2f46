import { HttpClient } from "../../../adapters/http-client/mod.ts";
import { encodeBatch, type PeerMessage, PeerSignature } from "../../../adapters/peers/wire/mod.ts";
import { SystemClock } from "../../../adapters/system/mod.ts";
import { type PeerNode, testSecret } from "./peer-network.ts";

const encoder = new TextEncoder();

/** A message of a topic below `wss/v1/`. */
export function message(
  topic: string,
  payload: string = "x",
  retain: boolean = false,
): PeerMessage {
  return { topic: `wss/v1/${topic}`, payload: encoder.encode(payload), retain };
}

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

export interface RogueOptions {
  readonly node?: string;
  readonly secret?: string;
  readonly session?: number;
  readonly number?: number;
  readonly to?: string;
  readonly now?: number;
}

/** Somebody who sends a node whatever a test wants, mostly with the cluster's secret. */
export class RoguePeer {
  readonly #url: string;
  readonly #target: PeerNode;
  readonly #http: HttpClient = new HttpClient({}, { clock: new SystemClock() });

  constructor(url: string, target: PeerNode) {
    this.#url = url;
    this.#target = target;
  }

  /** A signed request with these messages. */
  request(messages: readonly PeerMessage[], options: RogueOptions = {}): WireRequest {
    return this.signed("/v1/messages", encodeBatch({ subscribedApps: [], messages }), options);
  }

  signed(path: string, body: Uint8Array, options: RogueOptions = {}): WireRequest {
    const { node = "rogue", secret = testSecret, session = 1, number = 0 } = options;
    const { to = this.#target.incarnation, now = Date.now() } = options;
    const stamp = { node, incarnation: `${node}1`, to, session, number };
    const { headers } = new PeerSignature(secret).sign(path, stamp, { body, now });
    return { path, headers, body };
  }

  /** The status of the answer and the code in it. */
  async post({ path, headers, body }: WireRequest): Promise<string> {
    const answer = await this.#http.post(this.#url + path, { headers, body });
    const { code = "" } = JSON.parse(new TextDecoder().decode(answer.body)) as { code?: string };
    return `${answer.status} ${code}`.trim();
  }

  close(): void {
    this.#http.close();
  }
}

/** What comes over the bus of a node, as `TOPIC PAYLOAD`, without the root. */
export async function listen(node: PeerNode, filter: string = "wss/v1/#"): Promise<string[]> {
  const seen: string[] = [];
  const link = node.bus.open({ name: "test", role: "test", filters: [filter] });
  await link.start({
    connected: () => {},
    message: (topic, payload) =>
      seen.push(`${topic.replace("wss/v1/", "")} ${new TextDecoder().decode(payload)}`.trim()),
  });
  return seen;
}

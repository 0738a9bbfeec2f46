import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../process/wait.ts";

/** What a back end does with a request, after it has noted it. */
export type Reaction = (request: PostedEvent, response: ServerResponse) => void;

/** One request, as it came. */
export interface PostedEvent {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Of the event; empty for keep-alives. */
  readonly id: string;
  /** `open`, `connect`, `close`, `alive`, or the text of a message. */
  readonly said: string;
}

interface OriginalBody {
  readonly WebSocketEvent: {
    readonly ConnectionId: string;
    readonly ConnectionRequested?: object;
    readonly ConnectionEstablished: object | null;
    readonly ConnectionClosed: object | null;
    readonly MessageReceived: { readonly Text: string | null } | null;
  } | null;
}

/** Answers with 200 and nothing else. */
export const ok: Reaction = (_request, response) => void response.end();

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown, status: number = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

/** Does what clients write: a text is JSON of commands, where `me` stands for the client's id. */
export const carriesOut: Reaction = ({ id, said }, response) => {
  const commands = said.startsWith("[") ? said : "[]";
  json(response, JSON.parse(commands.replaceAll('"me"', JSON.stringify(id))));
};

/** An HTTP back end in the original's form. It notes what it is sent, and reacts as it is told. */
export class BackEnd {
  readonly requests: PostedEvent[] = [];
  react: Reaction;
  /** Requests that are not answered, by connection, and the most there were at once. */
  readonly open: Map<string, number> = new Map();
  openMax = 0;
  openOfOneMax = 0;
  readonly #server: Server;

  private constructor(server: Server, react: Reaction) {
    this.#server = server;
    this.react = react;
    server.on("request", (request, response) => void this.#take(request, response));
  }

  static async start(react: Reaction = ok, port: number = 0): Promise<BackEnd> {
    const server = createServer();
    const backEnd = new BackEnd(server, react);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return backEnd;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/path?x=1`;
  }

  /** What was said, without keep-alives, in the order in which it came. */
  get said(): string[] {
    return this.requests.map(({ said }) => said).filter((one) => one !== "alive");
  }

  /** Ids of the connections that opened, in their order. */
  get opened(): string[] {
    return this.requests.filter(({ said }) => said === "open").map(({ id }) => id);
  }

  /** Waits until this was said; the request that said it. */
  received(said: string): Promise<PostedEvent> {
    return waitFor(() => this.requests.find((one) => one.said === said), { what: said });
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const posted = postedEvent(request, body);
    this.requests.push(posted);
    this.#count(posted.id, 1);
    response.once("close", () => this.#count(posted.id, -1));
    this.react(posted, response);
  }

  #count(id: string, more: number): void {
    if (id === "") return;
    const ofOne = (this.open.get(id) ?? 0) + more;
    if (ofOne === 0) this.open.delete(id);
    else this.open.set(id, ofOne);
    this.openOfOneMax = Math.max(this.openOfOneMax, ofOne);
    const all = [...this.open.values()].reduce((sum, count) => sum + count, 0);
    this.openMax = Math.max(this.openMax, all);
  }
}

function postedEvent({ url = "", headers }: IncomingMessage, body: string): PostedEvent {
  const { WebSocketEvent: event } = JSON.parse(body) as OriginalBody;
  const id = Buffer.from(event?.ConnectionId ?? "", "base64").toString();
  return { url, headers, body, id, said: saidBy(event) };
}

function saidBy(event: OriginalBody["WebSocketEvent"]): string {
  if (event === null) return "alive";
  if (event.ConnectionRequested !== undefined) return "connect";
  if (event.ConnectionEstablished !== null) return "open";
  return event.ConnectionClosed !== null ? "close" : (event.MessageReceived?.Text ?? "bytes");
}

import { once } from "node:events";
import WebSocket from "ws";
import type { Started } from "../gateway/gateway.ts";

/** A client of a gateway, and the messages that it got. */
export class Listener {
  readonly socket: WebSocket;
  readonly got: string[] = [];
  readonly #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data, binary) => {
      const bytes = data as Buffer;
      this.got.push(binary ? `binary ${bytes.toString("hex")}` : bytes.toString());
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  static async open({ port }: Started, path = "/", agent = "listener/1"): Promise<Listener> {
    const headers = { "user-agent": agent };
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    const listener = new Listener(socket);
    await once(socket, "open");
    return listener;
  }

  /** Resolves when it has so many messages. */
  async has(count: number): Promise<readonly string[]> {
    while (this.got.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.got;
  }

  async closed(): Promise<number> {
    const [code] = await once(this.socket, "close");
    return code as number;
  }
}

/** A program that sends requests to a service port. */
export class ServiceClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ servicePort }: Started, headers: Readonly<Record<string, string>> = {}) {
    this.#url = `http://127.0.0.1:${servicePort}`;
    this.#headers = headers;
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
    return fetch(`${this.#url}${path}`, { ...init, headers });
  }

  post(path: string, body: unknown): Promise<Response> {
    return this.ask(path, { method: "POST", body: JSON.stringify(body) });
  }

  /** The results of a batch of commands, in their order. */
  async run(...commands: readonly unknown[]): Promise<Record<string, unknown>[]> {
    const response = await this.post("/commands", commands);
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    const replies = (await response.json()) as [string, unknown, Record<string, unknown>][];
    return replies.map(([, , result]) => result);
  }

  /** The ids of all connections of the app. */
  async ids(): Promise<string[]> {
    const [{ connections = [] } = {}] = await this.run(["query", "@all"]);
    return (connections as { id: string }[]).map(({ id }) => id);
  }
}

/** A message to these connections, as the original service's back ends write it. */
export function serviceRequest(ids: readonly string[], text: string): object {
  const ConnectionIds = ids.map((id) => Buffer.from(id).toString("base64"));
  const Message = { Text: text, Binary: null };
  return { OutgoingWebSocketMessages: [{ ConnectionIds, Message }] };
}

import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../process/wait.ts";

/** What the endpoint does with a request. */
export type JwksAnswer = (response: ServerResponse) => void;

/** Answers with a document. */
export function json(document: unknown, status: number = 200): JwksAnswer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof document === "string" ? document : JSON.stringify(document));
  };
}

/** Never answers. */
export const hang: JwksAnswer = () => {};

/** A JWKS endpoint over real HTTP that does as it is told. */
export class JwksServer {
  answer: JwksAnswer = hang;
  /** Requests so far, and the Authorization header of each. */
  readonly authorizations: (string | undefined)[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.authorizations.push(request.headers.authorization);
      this.answer(response);
    });
  }

  static async start(answer: JwksAnswer): Promise<JwksServer> {
    const server = new JwksServer();
    server.answer = answer;
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/keys`;
  }

  get asked(): number {
    return this.authorizations.length;
  }

  async waitForRequest(count: number): Promise<void> {
    await waitFor(() => this.asked >= count, { what: `request ${count} to the JWKS endpoint` });
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

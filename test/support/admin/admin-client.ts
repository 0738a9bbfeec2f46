import assert from "node:assert/strict";
import type { TailLine } from "../../../core/inspect/mod.ts";
import { adminFaults, checkAdminAnswer } from "../docs/admin-openapi.ts";
import { waitFor } from "../process/wait.ts";

/** What came of a request: the status, and the answer's JSON. */
export interface AdminAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
}

/** A program that uses the admin port. Each answer must be one that the OpenAPI document has. */
export class AdminClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(port: number, headers: Readonly<Record<string, string>> = {}) {
    this.#base = `http://127.0.0.1:${port}`;
    this.#headers = headers;
  }

  async get(path: string): Promise<AdminAnswer> {
    const asked = `GET /admin/${path}`;
    return answerOf(asked, await fetch(`${this.#base}/admin/${path}`, { headers: this.#headers }));
  }

  async post(path: string, body: unknown): Promise<AdminAnswer> {
    const headers = { "content-type": "application/json", ...this.#headers };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const asked = `POST /admin/${path}`;
    return answerOf(asked, await fetch(`${this.#base}/admin/${path}`, request));
  }

  tail(query: string): Promise<AdminTail> {
    return AdminTail.open(`${this.#base}/admin/tail?${query}`, this.#headers);
  }
}

async function answerOf(asked: string, response: Response): Promise<AdminAnswer> {
  const { status } = response;
  const body = await response.text();
  checkAdminAnswer(asked, { status, type: response.headers.get("content-type"), body });
  return { status, body: JSON.parse(body) };
}

/** The schemas of the events of a tail. */
const eventSchemas: Readonly<Record<string, string>> = {
  ready: "TailReady",
  line: "TailLine",
  "left-out": "TailLeftOut",
  interrupted: "TailInterrupted",
  end: "TailEnd",
};

/** What a tail has told so far. */
export class AdminTail {
  readonly lines: TailLine[] = [];
  readonly leftOut: { lines: number; batches: number; slow: number }[] = [];
  /** Workers that ended. */
  readonly interrupted: string[] = [];
  /** Events that are not as the OpenAPI document says. */
  readonly faults: string[] = [];
  end: string | undefined;
  isReady = false;
  readonly #stop: AbortController;

  private constructor(stop: AbortController) {
    this.#stop = stop;
  }

  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<AdminTail> {
    const stop = new AbortController();
    const tail = new AdminTail(stop);
    const response = await fetch(url, { headers, signal: stop.signal });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    tail.#read(response.body as ReadableStream<Uint8Array>).catch(() => {});
    await waitFor(() => tail.isReady, { what: "the tail's beginning" });
    return tail;
  }

  /** The first line that fits. */
  line(fits: (line: TailLine) => boolean, what: string): Promise<TailLine> {
    return waitFor(() => this.lines.find(fits), { what });
  }

  close(): void {
    assert.deepEqual(this.faults, []);
    this.#stop.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        this.#event(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  #event(block: string): void {
    const [, event = "", data = ""] = /^event: (.*)\ndata: (.*)$/s.exec(block) ?? [];
    const schema = eventSchemas[event];
    if (schema !== undefined) this.faults.push(...adminFaults(schema, JSON.parse(data)));
    if (event === "ready") this.isReady = true;
    if (event === "line") this.lines.push(JSON.parse(data));
    if (event === "left-out") this.leftOut.push(JSON.parse(data));
    if (event === "interrupted") this.interrupted.push(JSON.parse(data).node);
    if (event === "end") this.end = JSON.parse(data).reason;
  }
}

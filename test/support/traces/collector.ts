import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { waitFor } from "../process/wait.ts";
import {
  bytesOf,
  type Fields,
  hexOf,
  messagesOf,
  numberOf,
  readFields,
  textOf,
} from "./protobuf.ts";

/** A span as a collector gets it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has no parent. */
  readonly parentId: string;
  readonly name: string;
  /** As OTLP counts them: 1 internal, 2 server, 4 producer, 5 consumer. */
  readonly kind: number;
  /** Nanoseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly events: readonly string[];
  /** 2: error. */
  readonly status: number;
  readonly resource: ReadonlyMap<string, unknown>;
}

/** What a collector does with a request: answers with a status, or never. */
export type Behaviour = number | "hang";

/** A server that takes spans over OTLP, as protobuf over HTTP. */
export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly requests: IncomingMessage[] = [];
  behaviour: Behaviour = 200;
  readonly #server: Server = createServer((request, response) => {
    this.requests.push(request);
    void this.#take(request, response);
  });

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(0, "127.0.0.1", resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The environment of a gateway whose spans come here soon. */
  get environment(): Readonly<Record<string, string>> {
    return { OTEL_EXPORTER_OTLP_ENDPOINT: this.url, OTEL_BSP_SCHEDULE_DELAY: "50" };
  }

  /** The spans of that name, once there are so many. */
  async named(name: string, count = 1): Promise<CollectedSpan[]> {
    const found = (): CollectedSpan[] => this.spans.filter((span) => span.name === name);
    await waitFor(() => found().length >= count, {
      what: `${count} spans ${name}; there are ${this.spans.map((span) => span.name).join(", ")}`,
    });
    return found();
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.behaviour === "hang") return;
    response.statusCode = this.behaviour;
    if (this.behaviour === 200) {
      const body = Buffer.concat(chunks);
      const isZipped = request.headers["content-encoding"] === "gzip";
      this.spans.push(...spansOf(isZipped ? gunzipSync(body) : body));
    }
    response.end();
  }
}

function spansOf(body: Uint8Array): CollectedSpan[] {
  return messagesOf(readFields(body), 1).flatMap((ofResource) => {
    const [resource] = messagesOf(ofResource, 1);
    const said = resource === undefined ? new Map<string, unknown>() : attributesOf(resource, 1);
    const scopes = messagesOf(ofResource, 2);
    return scopes.flatMap((scope) => messagesOf(scope, 2).map((span) => spanOf(span, said)));
  });
}

function spanOf(span: Fields, resource: ReadonlyMap<string, unknown>): CollectedSpan {
  const [status] = messagesOf(span, 15);
  return {
    traceId: hexOf(span, 1),
    spanId: hexOf(span, 2),
    parentId: hexOf(span, 4),
    name: textOf(span, 5),
    kind: numberOf(span, 6),
    start: numberOf(span, 7),
    end: numberOf(span, 8),
    attributes: attributesOf(span, 9),
    events: messagesOf(span, 11).map((event) => textOf(event, 2)),
    status: status === undefined ? 0 : numberOf(status, 3),
    resource,
  };
}

function attributesOf(fields: Fields, field: number): ReadonlyMap<string, unknown> {
  return new Map(
    messagesOf(fields, field).map((pair) => {
      const [value] = messagesOf(pair, 2);
      return [textOf(pair, 1), value === undefined ? undefined : plainValue(value)];
    }),
  );
}

function plainValue(value: Fields): unknown {
  if (bytesOf(value, 1).length > 0) return textOf(value, 1);
  if (value.has(2)) return numberOf(value, 2) === 1;
  return numberOf(value, 3);
}

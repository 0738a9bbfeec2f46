import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { Collector } from "../../support/traces/collector.ts";

type Item = readonly unknown[];

interface BackEnd {
  readonly url: string;
  /** The header `traceparent` of each request. */
  readonly headers: (string | undefined)[];
  readonly items: Item[];
}

/** A back end that answers each request with what `answer` makes of its body. */
async function startBackEnd(answer: (body: string, seen: BackEnd) => unknown): Promise<BackEnd> {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const { traceparent } = request.headers;
    seen.headers.push(Array.isArray(traceparent) ? traceparent[0] : traceparent);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer(body, seen)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const seen: BackEnd = { url, headers: [], items: [] };
  return seen;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  return body;
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

/** Echoes the messages of a batch within the traces that they name. */
function echoBatch(body: string, { items }: BackEnd): Item[] {
  const batch = JSON.parse(body) as Item;
  const news = (batch[0] === 1 ? batch[3] : batch) as Item[];
  items.push(...news);
  return news
    .filter(([verb]) => verb === "message")
    .map(([, id, , data, , trace]) => [
      "send",
      id,
      data,
      ...(trace === undefined ? [] : [{ trace }]),
    ]);
}

/** Echoes a message of the original's form; its trace is that of the request. */
function echoOriginal(body: string): Item[] {
  const { WebSocketEvent: event } = JSON.parse(body);
  const text = event?.MessageReceived?.Text;
  if (typeof text !== "string") return [];
  return [["send", Buffer.from(event.ConnectionId, "base64").toString(), text]];
}

describe("a trace through an origin over HTTP", { concurrency: 2 }, () => {
  for (const runtime of gatewayRuntimes) {
    for (const format of ["batch", "original"] as const) {
      it(`on ${runtime}, form ${format}`, async () => {
        const collector = await Collector.start();
        after(() => collector.stop());
        const backEnd = await startBackEnd(format === "batch" ? echoBatch : echoOriginal);
        const gateway = await startGateway({
          runtime,
          flags: ["--origin", backEnd.url, "--origin-format", format, "--drain-period", "0ms"],
          env: { ...collector.environment, OTEL_TRACES_SAMPLER: "parentbased_always_off" },
        });
        const other = await RawClient.open(gateway.info.port);
        other.text("untraced");
        assert.equal(await other.nextText(), "untraced");
        const client = await RawClient.open(gateway.info.port, { headers: { traceparent } });
        client.text("hello");
        assert.equal(await client.nextText(), "hello");
        const [message] = await collector.named("publish message");
        const [command] = await collector.named("process send");
        assert.equal(command?.parentId, message?.spanId);
        assert.ok(collector.spans.every((span) => span.traceId === traceId));
        const context = `00-${traceId}-${message?.spanId}-01`;
        if (format === "original") assert.ok(backEnd.headers.includes(context));
        else {
          assert.ok(backEnd.headers.every((header) => header === undefined));
          const messages = backEnd.items.filter(([verb]) => verb === "message");
          const traces = messages.map(([, , , data, state, trace]) => [data, state, trace]);
          assert.deepEqual(traces, [
            ["untraced", undefined, undefined],
            ["hello", null, context],
          ]);
        }
        client.destroy();
        other.destroy();
        assert.equal((await gateway.stop()).code, 0);
      });
    }
  }
});

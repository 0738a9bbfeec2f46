/**
 * An HTTP origin of the fault tests, in a process of its own, in the form `batch` or `original`.
 * Arguments: the port, and its manner: `well`, `slow` (50 ms a request) or `flapping`. The last
 * one answers 503 to every second request; in the form `original` only to one that is new, so
 * that no event fails by chance until the time for it is over. It sends each message back in the
 * answer. It prints one line for each event before it answers: `message TEXT FROM`, where FROM is
 * the path of the request, or `close ID CODE CAUSE`.
 */
import { createServer } from "node:http";
import process from "node:process";
import { writeWhole } from "../../support/process/write-whole.ts";

const [port = "0", manner = "well"] = process.argv.slice(2);
const slowMs = 50;
let requests = 0;
/** Bodies that were answered with 503, and have not come again yet. */
const failed = new Set<string>();

interface OriginalEvent {
  readonly ConnectionId: string;
  readonly MessageReceived: { readonly Text: string } | null;
  readonly ConnectionClosed: { readonly Code?: number; readonly Cause?: string } | null;
}

function batchAnswer(batch: readonly unknown[], from: string): unknown {
  const items = (batch[0] === 1 ? batch[3] : batch) as unknown[][];
  const commands: unknown[] = [];
  for (const [verb, id, , data, , cause] of items) {
    if (verb === "message") {
      writeWhole(`message ${data} ${from}\n`);
      commands.push(["send", id, data]);
    } else if (verb === "close") writeWhole(`close ${id} ${data} ${cause}\n`);
  }
  return commands;
}

function originalAnswer(event: OriginalEvent | null, from: string): unknown {
  const {
    ConnectionId: id = "",
    MessageReceived: message,
    ConnectionClosed: closed,
  } = event ?? {};
  if (closed) writeWhole(`close ${atob(id)} ${closed.Code} ${closed.Cause}\n`);
  if (!message) return [];
  writeWhole(`message ${message.Text} ${from}\n`);
  const sent = { ConnectionIds: [id], Message: { Text: message.Text, Binary: null } };
  return { OutgoingWebSocketMessages: [sent] };
}

const server = createServer(async (request, response) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const body: unknown = JSON.parse(text);
  const again = failed.delete(text);
  if (!again) requests++;
  if (manner === "flapping" && requests % 2 === 0 && !again) {
    if (!Array.isArray(body)) failed.add(text);
    response.writeHead(503).end();
    return;
  }
  if (manner === "slow") await new Promise((resolve) => setTimeout(resolve, slowMs));
  const from = request.url ?? "";
  const answer = Array.isArray(body)
    ? batchAnswer(body, from)
    : originalAnswer((body as { WebSocketEvent: OriginalEvent | null }).WebSocketEvent, from);
  response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address() as { port: number };
  writeWhole(`started ${address.port}\n`);
});

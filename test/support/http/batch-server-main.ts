/**
 * An HTTP origin in the form `batch`, in a process of its own. Argument: the port. It writes each
 * item as a line before it answers, sends each message back, and lets in who asks for `/in`.
 * With `flapping` it answers 503 to every second request; with `failing` or `hanging` it answers
 * 500, or nothing, to a request with the message `poison`.
 */
import { createServer } from "node:http";
import process from "node:process";

const [port = "0", mode] = process.argv.slice(2);
let requests = 0;

/** Written at once: what is answered must have been told, also by a process that is killed. */
function tell(value: unknown): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(value)}\n`, () => resolve());
  });
}

function answerTo([verb, id, request, data]: readonly unknown[]): unknown[] {
  if (verb === "message") return [["send", id, data]];
  if (verb !== "connect") return [];
  if ((request as { path: string }).path !== "/in") return [["reject", id, 401, "who are you?"]];
  return [["accept", id, { user: "ann", groups: ["g"] }]];
}

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const batch = JSON.parse(Buffer.concat(chunks).toString()) as unknown[];
  const items = (batch[0] === 1 ? batch[3] : batch) as unknown[][];
  requests++;
  if (mode === "flapping" && requests % 2 === 0) {
    response.writeHead(503).end();
    return;
  }
  if (items.some(([, , , data]) => data === "poison")) {
    if (mode === "failing") response.writeHead(500).end();
    if (mode === "failing" || mode === "hanging") return;
  }
  const signed = request.headers["webhook-signature"] !== undefined;
  await tell({ event: "request", stream: batch[0] === 1 ? batch[1] : null, signed, items });
  const body = JSON.stringify(items.flatMap(answerTo));
  response.writeHead(200, { "content-type": "application/json" }).end(body);
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address() as { port: number };
  void tell({ event: "started", port: address.port });
});

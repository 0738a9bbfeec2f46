/**
 * The HTTP origin of the bench `http`: it sends each message back. Argument: how it is called.
 * `original`, `batch` and `aws` answer with the echo; `plain` sends it by a POST of its own. With
 * `count` it says for each request of keep-alives how many connections it named.
 */
import process from "node:process";

const [form = ""] = process.argv.slice(2);

interface OriginalEvent {
  readonly WebSocketEvent: {
    readonly ConnectionId: string;
    readonly MessageReceived: { readonly Text: string | null } | null;
  } | null;
  readonly WebSocketKeepAlives: readonly unknown[] | null;
}

async function original(request: Request): Promise<Response> {
  const { WebSocketEvent: event } = (await request.json()) as OriginalEvent;
  const text = event?.MessageReceived?.Text;
  if (event === null || text === null || text === undefined) return new Response();
  const message = { Text: text, Binary: null };
  const sent = { ConnectionIds: [event.ConnectionId], Message: message };
  return Response.json({ OutgoingWebSocketMessages: [sent] });
}

async function batch(request: Request): Promise<Response> {
  const [, , , items = []] = (await request.json()) as [1, string, number, unknown[][]];
  const commands: unknown[][] = [];
  for (const [verb, id, , data] of items) {
    if (verb === "message") commands.push(["send", id, data]);
  }
  return Response.json(commands);
}

async function aws(request: Request): Promise<Response> {
  const { body } = (await request.json()) as { readonly body?: string };
  return Response.json({ statusCode: 200, body });
}

async function plain(request: Request): Promise<Response> {
  const body = await request.text();
  const headers = { "x-connection": request.headers.get("x-connection") ?? "" };
  const answer = request.headers.get("x-answer") ?? "";
  try {
    await (await fetch(answer, { method: "POST", body, headers })).arrayBuffer();
    return new Response();
  } catch {
    return new Response(null, { status: 502 });
  }
}

async function count(request: Request): Promise<Response> {
  const { WebSocketKeepAlives: alive } = (await request.json()) as OriginalEvent;
  if (alive !== null) {
    process.stdout.write(`${JSON.stringify({ event: "alive", connections: alive.length })}\n`);
  }
  return new Response();
}

const handlers: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  original,
  batch,
  aws,
  plain,
  count,
};
const handler = handlers[form];
if (handler === undefined) throw new Error(`no form ${form}`);
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: handler });
process.stdout.write(`${JSON.stringify({ event: "started", port: server.port })}\n`);

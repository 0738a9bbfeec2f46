import { encode } from "@msgpack/msgpack";
import { Refusal } from "../http/mod.ts";
import { type Command, eachCommand, readJson, readMessagePack } from "../http-wire/mod.ts";
import {
  appOf,
  checkReady,
  idsOf,
  Pace,
  portFor,
  RequestSize,
  type ServiceContext,
  type ServicePortDependencies,
  serviceLimits,
} from "./base/mod.ts";

type Format = "json" | "msgpack";

const mediaTypes: Readonly<Record<string, Format>> = {
  "application/json": "json",
  "application/msgpack": "msgpack",
  "application/x-msgpack": "msgpack",
  "application/vnd.msgpack": "msgpack",
};
/** Content types that curl and `fetch` send by default. */
const unsaid: readonly string[] = ["application/x-www-form-urlencoded", "text/plain"];

/**
 * `POST /commands`: a bare batch. Nothing of it is carried out unless all of it can be read. The
 * answer is a bare batch too, with one `reply` for each command in their order.
 */
export async function commandRequest(
  { port, access, bodies }: ServicePortDependencies,
  context: ServiceContext,
): Promise<Response> {
  access.check(context.req.raw.headers, context.env.address);
  const app = appOf(port, context);
  const type = context.req.header("content-type");
  const format = type === undefined ? undefined : formatOf(type);
  // The body is released before the wait for replies.
  const read = await bodies.with(context.env, serviceLimits.bodyBytesMax, async (body) => {
    const json = format === undefined ? body[0] === jsonFirstByte : format === "json";
    return { json, commands: await readBatch(json ? readJson(body) : readMessagePack(body)) };
  });
  checkReady(port);
  const results = await portFor(port, context).run(app, read.commands);
  const replies = results.map((result, index) => {
    const ref = read.commands[index]?.options.ref ?? index;
    return ["reply", ref, result];
  });
  if (read.json) return Response.json(replies);
  return new Response(encode(replies), { headers: { "content-type": "application/msgpack" } });
}

/** `[`, which begins no batch in MessagePack. */
const jsonFirstByte = 0x5b;

/** Undefined if the first byte of the body decides. */
function formatOf(header: string): Format | undefined {
  const [written = ""] = header.split(";");
  const type = written.trim().toLowerCase();
  const format = mediaTypes[type];
  if (format !== undefined || unsaid.includes(type)) return format;
  const allowed = "application/json or application/msgpack";
  throw new Refusal("request-media-type", `the Content-Type must be ${allowed}`);
}

async function readBatch(batch: unknown): Promise<Command[]> {
  if (Array.isArray(batch) && batch[0] === 1) {
    const message = "numbered batches are not accepted here: send a bare batch";
    throw new Refusal("batch-malformed", `body[0]: ${message}`);
  }
  const size = new RequestSize();
  const commands: Command[] = [];
  await new Pace().each(eachCommand(batch), (command) => {
    if (command === undefined) return;
    const { except } = command.options;
    const ids = (idsOf(command)?.length ?? 0) + (Array.isArray(except) ? except.length : 0);
    size.add(`body[${commands.length}]`, ids, command.verb === "query");
    commands.push(command);
  });
  return commands;
}

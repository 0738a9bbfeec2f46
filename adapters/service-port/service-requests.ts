import { Refusal } from "../http/mod.ts";
import {
  type Command,
  eachMessage,
  readJson,
  type ServiceMessage,
  sendCommand,
} from "../http-wire/mod.ts";
import {
  appOf,
  checkReady,
  Pace,
  portFor,
  RequestSize,
  type ServiceContext,
  type ServicePortDependencies,
  serviceLimits,
} from "./base/mod.ts";

/** How large a message may be that the gateway sends: the settings of its node. */
export interface MessageSizes {
  readonly publishBytesMax: number;
  readonly sendQueueBytesMax: number;
}

/** An id that was left out, and where it stood. */
interface Unreached {
  readonly place: string;
  readonly id: string;
}

/**
 * `POST /sr`: messages in the original service's form. Answers 200 as soon as they are sent to
 * their nodes. Ids of nodes that are not alive are left out, and the answer lists them. Without
 * any other id the request is refused, and so it is if a message is too large for the gateway.
 */
export async function serviceRequest(
  { port, access, bodies }: ServicePortDependencies,
  sizes: MessageSizes,
  context: ServiceContext,
): Promise<Response> {
  access.check(context.req.raw.headers, context.env.address);
  const app = appOf(port, context);
  return bodies.with(context.env, serviceLimits.bodyBytesMax, async (body) => {
    const pace = new Pace();
    const messages = await readMessages(body, sizes, pace);
    checkReady(port);
    const unreached: Unreached[] = [];
    const commands: Command[] = [];
    for (const [index, { ids: named, data }] of messages.entries()) {
      const ids: string[] = [];
      await pace.each(named, (id, at) => {
        if (port.reaches(app, id)) ids.push(id);
        else unreached.push({ place: `${placeOf(index)}.ConnectionIds[${at}]`, id });
      });
      if (ids.length > 0) commands.push(sendCommand(ids, data));
    }
    if (commands.length > 0) await portFor(port, context).send(app, commands);
    else if (unreached.length > 0) throw noneReached(unreached);
    if (unreached.length === 0) return new Response(null, { status: 200 });
    return Response.json({ unreached });
  });
}

function placeOf(index: number): string {
  return `body.OutgoingWebSocketMessages[${index}]`;
}

/** All messages are read before one is sent: a request is carried out as a whole. */
async function readMessages(
  body: Uint8Array,
  sizes: MessageSizes,
  pace: Pace,
): Promise<ServiceMessage[]> {
  const size = new RequestSize();
  const messages: ServiceMessage[] = [];
  await pace.each(eachMessage(readJson(body)), (message) => {
    if (message === undefined) return;
    const place = placeOf(messages.length);
    size.add(place, message.ids.length);
    checkSize(sizes, message, place);
    messages.push(message);
  });
  return messages;
}

/** Outcomes are not reported, so a message that no node would send refuses the request. */
function checkSize(sizes: MessageSizes, { data }: ServiceMessage, place: string): void {
  const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
  if (bytes <= Math.min(sizes.publishBytesMax, sizes.sendQueueBytesMax)) return;
  const fault = bytes > sizes.publishBytesMax ? "publish-too-big" : "queue-too-small";
  throw new Refusal(fault, `${place}.Message: its ${bytes} bytes are more than the gateway sends`);
}

function noneReached(unreached: readonly Unreached[]): Refusal {
  const message = "no node of these ids lives: nothing was sent";
  return new Refusal("id-gone", message, { details: { unreached } });
}

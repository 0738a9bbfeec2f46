import { Refusal } from "../http/mod.ts";
import {
  type Command,
  type OutgoingMessage,
  readJson,
  readServiceRequest,
} from "../http-wire/mod.ts";
import {
  appOf,
  checkReady,
  type ServiceContext,
  type ServiceDependencies,
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
 * `POST /sr`: messages in the original service's form. 200 as soon as they are understood and on
 * their way. Ids of nodes that do not live are left out, and the answer lists them; where there is
 * no other id the request is refused. So it is where a message is too large for the gateway.
 */
export async function serviceRequest(
  { port, access, bodies }: ServiceDependencies,
  sizes: MessageSizes,
  context: ServiceContext,
): Promise<Response> {
  access.check(context.req.raw.headers, context.env.address);
  const app = appOf(port, context);
  return bodies.with(context.env, serviceLimits.bodyBytesMax, (body) => {
    const messages = readServiceRequest(readJson(body));
    checkSizes(sizes, messages);
    checkReady(port);
    const unreached: Unreached[] = [];
    const commands: Command[] = [];
    for (const [index, { ids: named, data }] of messages.entries()) {
      const ids = named.filter((id, at) => {
        if (port.reaches(app, id)) return true;
        const place = `body.OutgoingWebSocketMessages[${index}].ConnectionIds[${at}]`;
        unreached.push({ place, id });
        return false;
      });
      if (ids.length > 0) {
        commands.push({ verb: "send", ids, data, item: ["send", ids, data], options: {} });
      }
    }
    if (commands.length > 0) port.send(app, commands);
    else if (unreached.length > 0) throw noneReached(unreached);
    if (unreached.length === 0) return new Response(null, { status: 200 });
    return Response.json({ unreached });
  });
}

/** Nobody is told what becomes of a message, so one that no node sends refuses the request. */
function checkSizes(sizes: MessageSizes, messages: readonly OutgoingMessage[]): void {
  for (const [index, { data }] of messages.entries()) {
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
    if (bytes <= Math.min(sizes.publishBytesMax, sizes.sendQueueBytesMax)) continue;
    const fault = bytes > sizes.publishBytesMax ? "publish-too-big" : "queue-too-small";
    const place = `body.OutgoingWebSocketMessages[${index}].Message`;
    throw new Refusal(fault, `${place}: its ${bytes} bytes are more than the gateway sends`);
  }
}

function noneReached(unreached: readonly Unreached[]): Refusal {
  const message = "no node of these ids lives: nothing was sent";
  return new Refusal("id-gone", message, { details: { unreached } });
}

import { type Connections, closeReasons } from "../connection/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { EventStream } from "./event-stream.ts";
import type { EventStreamOptions, EventStreamParts } from "./event-stream-options.ts";

/** What is particular to one stream. */
export interface StreamShape {
  /** Told apart from the node's other streams by it. */
  readonly name: string;
  /** Absent: a waiting room. */
  readonly destination?: NonNullable<EventStreamOptions["destination"]>;
  readonly json: boolean;
  readonly windowItemsMax?: number;
}

/** What all streams of a node share. */
export interface StreamsOptions {
  readonly node: string;
  readonly incarnation: string;
  /** Tells the streams of one app of the node from those of another; none where it has one app. */
  readonly appNumber?: number | undefined;
  readonly windowBytesMax: number;
}

/** A stream of this node's incarnation. */
export function newStream(
  parts: EventStreamParts & {
    readonly registry: Connections;
    readonly logger: Logger;
  },
  options: StreamsOptions,
  shape: StreamShape,
): EventStream {
  const { node, incarnation, windowBytesMax, appNumber } = options;
  const app = appNumber === undefined ? "" : `:app${appNumber}`;
  return new EventStream(parts, {
    stream: `${node}:${incarnation}:${shape.name}${app}`,
    destination: shape.destination,
    windowBytesMax,
    windowItemsMax: shape.windowItemsMax ?? Number.POSITIVE_INFINITY,
    json: shape.json,
    overload: (connection) => connection.close(closeReasons.windowFull),
    lost: (code) => {
      // Where nobody subscribes, that is no fault of this node's, and every batch would tell it.
      const level = code === "no-subscriber" ? "debug" : "error";
      parts.logger.log(level, "events-lost", "events were published in vain", { code });
    },
    unfit: ([verb, id]) => {
      const code = verb === "message" ? "message-too-big" : "batch-too-big";
      parts.logger.log("warn", "event-unfit", "an event fits no packet of the broker's", {
        ...{ code, verb: String(verb) },
        // The second element of a reply is its sender's, and may be anything.
        ...(verb === "reply" ? {} : { connection: String(id) }),
      });
      // Nobody is to talk to an origin that was not told of it.
      const told = verb !== "message" && verb !== "open" && verb !== "assigned";
      const reason = verb === "message" ? closeReasons.messageTooBig : closeReasons.eventTooBig;
      for (const connection of parts.registry.all()) {
        if (told || connection.id !== id || connection.closing !== undefined) continue;
        connection.close(reason);
        return;
      }
      parts.metrics.error(code);
    },
  });
}

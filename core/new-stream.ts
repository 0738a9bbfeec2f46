import { CloseCause, type Connection } from "./connection.ts";
import { EventStream, type EventStreamOptions, type EventStreamParts } from "./event-stream.ts";
import type { Connections } from "./registry.ts";

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
  readonly windowBytesMax: number;
}

/** A stream of this node's incarnation. */
export function newStream(
  parts: EventStreamParts & {
    readonly close: (connection: Connection, cause: CloseCause) => void;
    readonly registry: Connections;
  },
  options: StreamsOptions,
  shape: StreamShape,
): EventStream {
  const { node, incarnation, windowBytesMax } = options;
  return new EventStream(parts, {
    stream: `${node}:${incarnation}:${shape.name}`,
    destination: shape.destination,
    windowBytesMax,
    windowItemsMax: shape.windowItemsMax ?? Number.POSITIVE_INFINITY,
    json: shape.json,
    overload: (connection) => {
      parts.metrics.error("window-full");
      parts.close(connection, CloseCause.overload);
    },
    unfit: ([verb, id]) => {
      parts.metrics.error(verb === "message" ? "message-too-big" : "batch-too-big");
      if (verb !== "message") return;
      for (const connection of parts.registry.all()) {
        if (connection.id === id) parts.close(connection, CloseCause.limit);
      }
    },
  });
}

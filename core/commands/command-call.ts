import type { Connection, ConnectionGuard, Registry } from "../connection/mod.ts";
import type { HandshakeApp, WaitingHandshakes } from "../handshake/mod.ts";
import type { Clock, Codec, CommandBus, CommandSource, Deflate, Logger } from "../ports/mod.ts";
import type { Acknowledgements, ReliableReceiver, StreamMemory } from "../streams/mod.ts";
import type { GatewayMetrics, Traces, TrafficTap } from "../telemetry/mod.ts";
import type { CommandOptions } from "./command-options.ts";

/** What commands ask of the app that they are for. */
export interface CommandApp extends HandshakeApp {
  readonly commandReceivers: StreamMemory<ReliableReceiver>;
  readonly acks: Acknowledgements;
  /** What the `open` event of a connection contained, as far as it is kept. */
  infoOf(connection: Connection): Readonly<Record<string, unknown>>;
}

/** The ports that commands use, besides the codec. */
export interface CommandPorts extends Codec {
  readonly bus: CommandBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly deflate?: Deflate | undefined;
}

/** What commands act on. Each kind of command takes what it needs of it. */
export interface CommandDependencies extends CommandPorts {
  readonly apps: ReadonlyMap<string, CommandApp>;
  readonly registry: Registry;
  readonly guard: ConnectionGuard;
  readonly handshakes: WaitingHandshakes;
  readonly metrics: GatewayMetrics;
  readonly tap?: TrafficTap | undefined;
  readonly traces?: Traces | undefined;
}

/** One command on its way. The cursor of the decoder is on its item. */
export interface CommandCall {
  readonly app: CommandApp;
  readonly source: CommandSource;
  readonly options: CommandOptions;
}

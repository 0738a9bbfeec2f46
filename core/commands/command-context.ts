import type { ErrorCode } from "../base/mod.ts";
import type { Connection, Registry, TokenExpiries } from "../connection/mod.ts";
import { type Delivery, type FanOut, Outcome, type ReusableMessage } from "../groups/mod.ts";
import type { HandshakeApp, WaitingHandshakes } from "../handshake/mod.ts";
import type { Clock, Codec, CommandBus, CommandSource, Deflate, Logger } from "../ports/mod.ts";
import type { Acknowledgements, ReliableReceiver, StreamMemory } from "../streams/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import type { Answer, FlushTracker } from "./answers.ts";
import type { CommandOptions } from "./command-options.ts";
import type { CommandTargets } from "./command-targets.ts";

/** What commands ask of the app that they are for. */
export interface CommandApp extends HandshakeApp {
  readonly commandStreams: StreamMemory<ReliableReceiver>;
  readonly acks: Acknowledgements;
}

export interface CommandDispatcherParts {
  readonly node: string;
  readonly apps: ReadonlyMap<string, CommandApp>;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly handshakes: WaitingHandshakes;
  readonly expiries: TokenExpiries;
  readonly bus: CommandBus;
  readonly deflate: Deflate | undefined;
}

/** What the commands of one kind are carried out with. */
export interface CommandContext {
  readonly parts: CommandDispatcherParts;
  readonly targets: CommandTargets;
  readonly delivery: Delivery;
  readonly fanOut: FanOut;
  readonly flushTracker: FlushTracker;
  /** The message of the current `send` or `publish`. */
  readonly message: ReusableMessage;
  /** Sends a `reply` to whoever sent a command. */
  readonly reply: (source: CommandSource, ref: unknown, result: unknown) => void;
  /** Why no client is sent a message of so many bytes. */
  readonly sizeFault: (bytes: number) => ErrorCode | undefined;
  /** What collects the outcomes by id; undefined where nobody asks. */
  readonly answerById: (source: CommandSource, ref: unknown) => Answer | undefined;
}

/** One command on its way. */
export interface CommandCall {
  readonly app: CommandApp;
  readonly source: CommandSource;
  readonly options: CommandOptions;
}

/** Carries a command out for one connection, and says what became of it, now or later. */
export type CarryOut = (connection: Connection, settle: (outcome: Outcome) => void) => void;

/** Calls back for each target that is here, and answers `gone` for the others of this node. */
export function forEachTarget(
  { targets, answerById, parts }: CommandContext,
  { source, options }: CommandCall,
  carryOut: CarryOut,
): void {
  const answer = answerById(source, options.ref);
  const count = parts.codec.commands.targets();
  for (let index = 0; index < count; index++) {
    const connection = targets.find(source, index);
    const here = connection !== undefined && connection.closing === undefined;
    if (!here && !targets.isOwn(index)) continue;
    const id = parts.codec.commands.targetId(index);
    answer?.expect();
    if (here) carryOut(connection, (outcome) => answer?.settle(id, outcome));
    else answer?.settle(id, Outcome.gone);
  }
  answer?.end();
}

import { groupByNode, limits, nodeOf, type ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { Refusal, refusalOf } from "../../http/mod.ts";
import type { Command } from "../../http-wire/mod.ts";
import { NodeTracker } from "../../origin/presence/mod.ts";
import {
  type Collector,
  IdOutcomes,
  PublishReplies,
  QueryReplies,
  Replies,
} from "../../origin/send/mod.ts";
import type { Link, Topics } from "../../topics/mod.ts";
import { type CommandResult, idsOf, Pace, serviceLimits } from "../base/mod.ts";
import { batchesOf, encodeItem } from "./command-items.ts";
import { ListedBytes } from "./listed-bytes.ts";
import { piecesOf, resultOf } from "./pieces.ts";

export interface AppSenderOptions {
  readonly app: string;
  /** The name that commands are sent under: the node's. */
  readonly node: string;
  /** A node of that name is in this process. False in a supervisor, which is none. */
  readonly isNode: boolean;
  /** Prefix of the `ref` of every command; no other program uses it. */
  readonly refPrefix: string;
}

export interface AppSenderDependencies {
  readonly link: Link;
  readonly topics: Topics;
  readonly clock: Clock;
  /** Bytes of all apps' commands that the bus has not confirmed. */
  readonly budget: { bytes: number };
  /** Commands that the bus did not take. */
  readonly lost: (error: ServiceError, topic: string) => void;
}

/** A piece of a command that waits for replies: the `ref` that they have. */
interface Expectation {
  readonly ref: string;
  readonly result: Promise<CommandResult>;
}

/** Items by the topic that they go to. */
type Outgoing = Map<string, Uint8Array[]>;

/** Sends commands to the connections of one app, and gathers the replies. */
export class AppSender {
  readonly nodes: NodeTracker;
  readonly replies: Replies;
  readonly #options: AppSenderOptions;
  readonly #dependencies: AppSenderDependencies;

  constructor(options: AppSenderOptions, dependencies: AppSenderDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    const { clock } = dependencies;
    this.replies = new Replies(clock, options.refPrefix, () => {});
    this.nodes = new NodeTracker(clock, (node) => this.replies.nodeLost(node));
  }

  /** This node, and those that are present. */
  reaches(node: string): boolean {
    const { isNode, node: own } = this.#options;
    return (isNode && node === own) || this.nodes.present(node);
  }

  async send(commands: readonly Command[]): Promise<void> {
    const outgoing: Outgoing = new Map();
    const pace = new Pace();
    for (const command of commands) {
      await pace.each(piecesOf(command), (piece) => this.#add(outgoing, piece, {}));
    }
    await this.#publish(outgoing, pace);
  }

  /**
   * Carries commands out in order. Those to single nodes keep their order on each node's topic; a
   * command to a group goes by another topic, so it waits for what came before.
   */
  async run(commands: readonly Command[]): Promise<readonly CommandResult[]> {
    const results: CommandResult[] = [];
    const listed = new ListedBytes();
    for (const part of partsOf(commands)) {
      try {
        const done = await this.#carryOut(part);
        for (const [index, result] of done.entries()) {
          results.push(listed.bounded(part[index] as Command, result));
        }
        if (!listed.isFull) continue;
        throw new Refusal("batch-too-big", "the results of the queries are too long");
      } catch (error) {
        if (results.length === 0) throw error;
        // What came before is done, so the answer tells which commands are not.
        const { code } = refusalOf(error);
        results.push(...commands.slice(results.length).map(() => ({ error: code })));
        break;
      }
    }
    return results;
  }

  /** Rejects before anything is published, or resolves to what became of each. */
  async #carryOut(commands: readonly Command[]): Promise<CommandResult[]> {
    const outgoing: Outgoing = new Map();
    const pace = new Pace();
    const begun: Expectation[][] = commands.map(() => []);
    try {
      for (const [index, command] of commands.entries()) {
        await pace.each(piecesOf(command), (piece) => {
          const expected = this.#expect(piece);
          begun[index]?.push(expected);
          this.#add(outgoing, piece, { ref: expected.ref, direct: true });
        });
      }
      await this.#publish(outgoing, pace);
    } catch (error) {
      for (const { ref } of begun.flat()) this.replies.settle(ref);
      throw error;
    }
    const results: CommandResult[] = [];
    for (const [index, command] of commands.entries()) {
      const pieces = begun[index]?.map(({ result }) => result) ?? [];
      results.push(resultOf(command, await Promise.all(pieces)));
    }
    return results;
  }

  #expect(command: Command): Expectation {
    if (this.replies.full) {
      throw new Refusal("requests-full", "too many commands wait for a reply");
    }
    const ids = idsOf(command);
    const all = ids ?? [];
    const gone = all.filter((id) => !this.reaches(nodeOf(id)));
    const asked = all.filter((id) => this.reaches(nodeOf(id)));
    const wait = <Result>(
      collector: Collector<Result>,
      write: (result: Result) => CommandResult,
    ): Expectation => {
      const { ref, result } = this.replies.expect(collector);
      return { ref, result: result.then(write) };
    };
    if (command.verb === "publish") {
      return wait(new PublishReplies(this.#living()), ({ nodes, ...counts }) => ({
        ...counts,
        nodes: Object.fromEntries(nodes),
      }));
    }
    if (command.verb === "query") {
      const nodes = ids === undefined ? this.#living() : [...groupByNode(asked, nodeOf).keys()];
      return wait(new QueryReplies(nodes), (result) => ({
        ...result,
        gone: [...result.gone, ...gone],
      }));
    }
    return wait(new IdOutcomes(asked), (outcomes) => ({
      ...Object.fromEntries(outcomes),
      ...Object.fromEntries(gone.map((id) => [id, "gone"])),
    }));
  }

  #living(): string[] {
    const { isNode, node } = this.#options;
    return [...new Set([...(isNode ? [node] : []), ...this.nodes.living()])];
  }

  /** Adds a command's items to those of the topics that it goes to. */
  #add(outgoing: Outgoing, command: Command, given: Readonly<Record<string, unknown>>): void {
    const { topics, clock } = this.#dependencies;
    const { app, node: sender } = this.#options;
    const { ttl, at } = command.options;
    const timed = typeof ttl === "number" && typeof at !== "number";
    const options = timed ? { ...given, at: clock.now() } : given;
    const append = (topic: string, ids: readonly string[] | undefined): void => {
      const item = encodeItem(command, ids, options);
      this.#checkSize(item.length);
      const items = outgoing.get(topic) ?? [];
      items.push(item);
      outgoing.set(topic, items);
    };
    const ids = idsOf(command);
    if (ids === undefined) append(topics.commands(app, sender), undefined);
    else {
      for (const [node, own] of groupByNode(ids, nodeOf)) {
        if (this.reaches(node)) append(topics.nodeCommands(app, node, sender), own);
      }
    }
  }

  #checkSize(bytes: number): void {
    const { packetBytesMax = limits.batchBytesMax } = this.#dependencies.link;
    const most = Math.min(packetBytesMax, limits.batchBytesMax) - serviceLimits.packetRoomBytes;
    if (bytes <= most) return;
    throw new Refusal("batch-too-big", `a command of ${bytes} bytes fits no packet of the broker`);
  }

  /** Rejects with `requests-full` before anything of it is published. */
  async #publish(outgoing: Outgoing, pace: Pace): Promise<void> {
    const { budget, link, lost } = this.#dependencies;
    const batches: (readonly [topic: string, batch: Uint8Array])[] = [];
    for (const [topic, items] of outgoing) {
      await pace.each(batchesOf(items), (batch) => batches.push([topic, batch]));
    }
    const bytes = batches.reduce((sum, [, { length }]) => sum + length, 0);
    if (budget.bytes + bytes > serviceLimits.commandsBytesMax) {
      throw new Refusal("requests-full", "too many bytes of commands wait for the broker");
    }
    budget.bytes += bytes;
    let unpublished = bytes;
    try {
      for (const [topic, batch] of batches) {
        if (pace.isDue) await pace.turn();
        link.publish(topic, batch, (error) => {
          budget.bytes -= batch.length;
          if (error !== undefined) lost(error, topic);
        });
        unpublished -= batch.length;
        // A bus in this process delivers now, so the time that this node takes counts too.
        await undefined;
      }
    } finally {
      budget.bytes -= unpublished;
    }
  }
}

/** Consecutive commands to nodes together, and each command to a group alone. */
function partsOf(commands: readonly Command[]): Command[][] {
  const parts: Command[][] = [];
  let joins = false;
  for (const command of commands) {
    const toNodes = idsOf(command) !== undefined;
    if (toNodes && joins) parts.at(-1)?.push(command);
    else parts.push([command]);
    joins = toNodes;
  }
  return parts;
}

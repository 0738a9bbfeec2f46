import { limits, nodeOf, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { Refusal } from "../../http/mod.ts";
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
import { type CommandResult, serviceLimits } from "../base/mod.ts";
import { batchesOf, encodeItem, idsByNode, idsOf } from "./command-items.ts";

export interface AppSenderOptions {
  readonly app: string;
  /** The node's name, which commands are sent under as well. */
  readonly node: string;
  /** Begins the `ref` of every command; nobody else has it. */
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
    return node === this.#options.node || this.nodes.present(node);
  }

  send(commands: readonly Command[]): void {
    const outgoing: Outgoing = new Map();
    for (const command of commands) this.#add(outgoing, command, {});
    this.#publish(outgoing);
  }

  /**
   * Carries commands out in order. Those to single nodes keep their order on each node's topic; a
   * command to a group goes by another topic, so it waits for what came before.
   */
  async run(commands: readonly Command[]): Promise<readonly CommandResult[]> {
    const results: CommandResult[] = [];
    for (const part of partsOf(commands)) {
      try {
        results.push(...(await Promise.all(this.#begin(part))));
      } catch (error) {
        if (results.length === 0 || !(error instanceof ServiceError)) throw error;
        // What came before is done, so the answer tells which commands are not.
        const { code } = error;
        results.push(...commands.slice(results.length).map(() => ({ error: code })));
        break;
      }
    }
    return results;
  }

  #begin(commands: readonly Command[]): Promise<CommandResult>[] {
    const outgoing: Outgoing = new Map();
    const controller = new AbortController();
    const begun = commands.map((command) => this.#expect(command, controller.signal));
    try {
      for (const [index, command] of commands.entries()) {
        this.#add(outgoing, command, { ref: begun[index]?.ref, direct: true });
      }
      this.#publish(outgoing);
    } catch (error) {
      controller.abort(error);
      throw error;
    }
    return begun.map(({ result }) => result);
  }

  #expect(
    command: Command,
    signal: AbortSignal,
  ): { readonly ref: string; readonly result: Promise<CommandResult> } {
    const ids = idsOf(command);
    const all = ids ?? [];
    const gone = all.filter((id) => !this.reaches(nodeOf(id)));
    const asked = all.filter((id) => this.reaches(nodeOf(id)));
    const wait = <Result>(
      collector: Collector<Result>,
      write: (result: Result) => CommandResult,
    ): { readonly ref: string; readonly result: Promise<CommandResult> } => {
      const { ref, result } = this.replies.expect(collector, { signal });
      const written = result.then(write);
      written.catch(() => {});
      return { ref, result: written };
    };
    if (command.verb === "publish") {
      return wait(new PublishReplies(this.#living()), ({ nodes, ...counts }) => ({
        ...counts,
        nodes: Object.fromEntries(nodes),
      }));
    }
    if (command.verb === "query") {
      const nodes = ids === undefined ? this.#living() : [...idsByNode(asked).keys()];
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
    return [...new Set([this.#options.node, ...this.nodes.living()])];
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
      for (const [node, own] of idsByNode(ids)) {
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

  /** Throws `requests-full` before anything of it is published. */
  #publish(outgoing: Outgoing): void {
    const { budget, link, lost } = this.#dependencies;
    let bytes = 0;
    for (const items of outgoing.values()) for (const item of items) bytes += item.length;
    if (budget.bytes + bytes > serviceLimits.commandsBytesMax) {
      throw new Refusal("requests-full", "too many bytes of commands wait for the broker");
    }
    for (const [topic, items] of outgoing) {
      for (const batch of batchesOf(items)) {
        budget.bytes += batch.length;
        link.publish(topic, batch, (error) => {
          budget.bytes -= batch.length;
          if (error !== undefined) lost(error, topic);
        });
      }
    }
  }
}

/** Commands to nodes that follow one another, and each command to a group alone. */
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

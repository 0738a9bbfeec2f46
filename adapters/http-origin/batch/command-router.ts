import {
  groupByNode,
  isGroupName,
  LatestMap,
  nodeOfConnectionId,
  ServiceError,
} from "../../../core/base/mod.ts";
import { fromJsonBinary, nestsTooDeeply } from "../../http-wire/mod.ts";
import { packId } from "../../origin/base/mod.ts";
import type { GroupSenders, NodeSenders } from "../../origin/send/mod.ts";
import { asksForReply } from "./answer.ts";
import { batchLimits } from "./batch-limits.ts";

type CommandItem = readonly unknown[];

/** Verbs whose second element is an id, or several. */
const ofIds: ReadonlySet<unknown> = new Set([
  "send",
  "close",
  "join",
  "leave",
  "state",
  "renew",
  "accept",
  "reject",
]);

export interface CommandRouterOptions {
  readonly nodes: NodeSenders;
  readonly groups: GroupSenders;
  /** Whether a node lives, or has sent events. Others get nothing. */
  readonly isKnown: (node: string) => boolean;
  /** A command is not carried out, or not for one of its ids. */
  readonly failed: (error: ServiceError) => void;
}

/**
 * Sends the commands of answers to the nodes that they concern. Commands for one node stay in
 * order. Only what decides on the node is checked here; the node checks everything else.
 */
export class CommandRouter {
  readonly #options: CommandRouterOptions;
  readonly #packedIds: LatestMap<string, Uint8Array> = new LatestMap(batchLimits.packedIdsMax);

  /** Index of the command that is being sent, for the log. */
  #index = 0;

  constructor(options: CommandRouterOptions) {
    this.#options = options;
  }

  /**
   * `home` is the node whose events were answered. A `publish` is sent through it, so that the
   * joins before it count. With a `ref` it goes to all nodes with members, which all reply.
   */
  send(commands: readonly CommandItem[], home: string): void {
    for (const [index, command] of commands.entries()) {
      this.#index = index;
      this.#route(command, home);
    }
  }

  /** Publishes what waits, before the next events go out. */
  flush(): void {
    void this.#options.nodes.queue.flushed();
  }

  #route(command: CommandItem, home: string): void {
    const [verb, subject] = command;
    if (ofIds.has(verb)) this.#toIds(command);
    else if (verb === "publish" && !asksForReply(command)) this.#toNode(home, command);
    else if (verb === "query" && (typeof subject !== "string" || nodeOfConnectionId(subject))) {
      this.#toIds(command);
    } else if (verb === "publish" || verb === "query") this.#toGroup(command);
    else this.#fail("command-unknown", "it is not in the protocol");
  }

  #toIds(command: CommandItem): void {
    const [verb, subject, ...rest] = command;
    if (typeof subject === "string") {
      const node = this.#nodeOf(subject);
      if (node !== undefined) this.#toNode(node, command);
      return;
    }
    if (!Array.isArray(subject)) {
      this.#fail("command-malformed", "it names no connection");
      return;
    }
    const byNode = groupByNode(subject, (id) => this.#nodeOf(id));
    for (const [node, ids] of byNode) this.#toNode(node, [verb, ids, ...rest]);
  }

  /** The node of an id; undefined if there is no such node. */
  #nodeOf(id: unknown): string | undefined {
    const node = typeof id === "string" ? nodeOfConnectionId(id) : undefined;
    if (node !== undefined && this.#options.isKnown(node)) return node;
    if (node === undefined) this.#fail("id-malformed", "an id in it is malformed");
    else this.#fail("id-foreign", "it names a connection of a node that is not alive");
    return undefined;
  }

  #toGroup(command: CommandItem): void {
    const { groups } = this.#options;
    const group = command[1];
    if (typeof group !== "string" || !isGroupName(group)) {
      this.#fail("group-name", "it names no group");
      return;
    }
    this.#attempt(() => groups.add(groups.admit(fromJson(command)), group));
  }

  #toNode(node: string, command: CommandItem): void {
    const sender = this.#options.nodes.node(node);
    const [verb, id, data] = command;
    const isPlain = verb === "send" && command.length === 3 && typeof data === "string";
    if (isPlain && typeof id === "string") {
      this.#attempt(() => sender.send({ id, packed: this.#packed(id) }, data));
    } else this.#attempt(() => sender.command(fromJson(command)));
  }

  /** The id in MessagePack, from a cache: most answers name the same ids again and again. */
  #packed(id: string): Uint8Array {
    const known = this.#packedIds.get(id);
    if (known !== undefined) return known;
    const packed = packId(id);
    this.#packedIds.set(id, packed);
    return packed;
  }

  /** What cannot be sent is reported; the other commands are carried out. */
  #attempt(send: () => void): void {
    try {
      send();
    } catch (error) {
      // Known codes are `send-queue-full` and `batch-too-big`. Another error: too deep to encode.
      if (error instanceof ServiceError) this.#fail(error.code, error.message);
      else this.#fail("command-malformed", "it cannot be encoded");
    }
  }

  #fail(code: ServiceError["code"], message: string): void {
    // The other commands are carried out, so the message says which one is not.
    this.#options.failed(
      new ServiceError(code, `command ${this.#index} of an answer: ${message}`),
    );
  }
}

/** The node would refuse the whole batch for one command that nests too deeply. */
function fromJson(command: CommandItem): CommandItem {
  if (nestsTooDeeply(command)) {
    throw new ServiceError("command-malformed", "it is nested too deeply");
  }
  return fromJsonBinary(command) as CommandItem;
}

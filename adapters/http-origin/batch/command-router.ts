import { isGroupName, nodeOfConnectionId, ServiceError } from "../../../core/base/mod.ts";
import type { GroupSenders, NodeSender, NodeSenders } from "../../origin/send/mod.ts";
import { type AnswerContent, asksForReply } from "./answer.ts";

type Command = readonly unknown[];
type CommandsByNode = Map<string, Command[]>;

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

/** Commands up to this size go to a node as one text; a larger one command by command. */
const textBytesMax = 32_768;

export interface CommandRouterOptions {
  readonly nodes: NodeSenders;
  readonly groups: GroupSenders;
  /** Whether a node lives, or has sent events. Others get nothing. */
  readonly isKnown: (node: string) => boolean;
  /** A command is not carried out, or not for one of its ids. */
  readonly failed: (error: ServiceError) => void;
}

/**
 * Sends the commands of answers to the nodes that they concern, each node's in their order. Only
 * what chooses the node is looked at: the node checks the rest.
 */
export class CommandRouter {
  readonly #options: CommandRouterOptions;

  constructor(options: CommandRouterOptions) {
    this.#options = options;
  }

  /**
   * `home` is the node whose events were answered. It gets a `publish` too and forwards it, so
   * that the joins before it count; but each node with members replies where a reply is asked for.
   */
  send({ commands, text }: AnswerContent, home: string): void {
    const byNode: CommandsByNode = new Map();
    let unchanged = true;
    for (const command of commands) {
      if (!this.#route(command, home, byNode)) unchanged = false;
    }
    const whole = unchanged && byNode.size === 1 ? text : undefined;
    for (const [node, list] of byNode) this.#toNode(node, list, whole);
  }

  /** Publishes what waits, before the next events go out. */
  flush(): void {
    void this.#options.nodes.queue.flushed();
  }

  /** True where the command goes to one node as it is. */
  #route(command: Command, home: string, byNode: CommandsByNode): boolean {
    const [verb, subject] = command;
    if (ofIds.has(verb)) return this.#toIds(command, byNode);
    if (verb === "publish" && !asksForReply(command)) return add(byNode, home, command);
    if (verb === "query" && (typeof subject !== "string" || nodeOfConnectionId(subject))) {
      return this.#toIds(command, byNode);
    }
    if (verb === "publish" || verb === "query") this.#toGroup(command);
    else this.#fail("command-unknown", "an answer has a command that is not in the protocol");
    return false;
  }

  #toIds(command: Command, byNode: CommandsByNode): boolean {
    const [verb, subject, ...rest] = command;
    if (typeof subject === "string") {
      const node = this.#nodeOf(subject);
      return node !== undefined && add(byNode, node, command);
    }
    if (!Array.isArray(subject)) {
      this.#fail("command-malformed", "a command of an answer names no connection");
      return false;
    }
    const ids = new Map<string, unknown[]>();
    let refused = 0;
    for (const id of subject) {
      const node = this.#nodeOf(id);
      const list = ids.get(node ?? "");
      if (node === undefined) refused++;
      else if (list === undefined) ids.set(node, [id]);
      else list.push(id);
    }
    if (ids.size === 1 && refused === 0) {
      for (const node of ids.keys()) add(byNode, node, command);
      return true;
    }
    for (const [node, some] of ids) add(byNode, node, [verb, some, ...rest]);
    return false;
  }

  /** The node of an id; undefined where there is no such node. */
  #nodeOf(id: unknown): string | undefined {
    const node = typeof id === "string" ? nodeOfConnectionId(id) : undefined;
    if (node !== undefined && this.#options.isKnown(node)) return node;
    if (node === undefined) this.#fail("id-malformed", "an answer names a connection by no id");
    else this.#fail("id-foreign", "an answer names a connection of a node that does not live");
    return undefined;
  }

  #toGroup(command: Command): void {
    const { groups } = this.#options;
    const group = command[1];
    if (typeof group !== "string" || !isGroupName(group)) {
      this.#fail("group-name", "a command of an answer names no group");
      return;
    }
    this.#attempt(() => groups.add(groups.admit(command), group));
  }

  #toNode(node: string, commands: readonly Command[], text: Uint8Array | undefined): void {
    const sender = this.#options.nodes.node(node);
    const encoded = text ?? Buffer.from(JSON.stringify(commands).slice(1, -1));
    if (encoded.length <= textBytesMax) {
      this.#encoded(sender, encoded, commands.length);
      return;
    }
    for (const command of commands) {
      this.#encoded(sender, Buffer.from(JSON.stringify(command)), 1);
    }
  }

  #encoded(sender: NodeSender, commands: Uint8Array, count: number): void {
    this.#attempt(() => sender.encoded(commands, count));
  }

  /** `send-queue-full` and `batch-too-big` are told; the other commands are carried out. */
  #attempt(send: () => void): void {
    try {
      send();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.#options.failed(error);
    }
  }

  #fail(code: ServiceError["code"], message: string): void {
    this.#options.failed(new ServiceError(code, message));
  }
}

function add(byNode: CommandsByNode, node: string, command: Command): true {
  const list = byNode.get(node);
  if (list === undefined) byNode.set(node, [command]);
  else list.push(command);
  return true;
}

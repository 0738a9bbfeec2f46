import { nodeOf } from "../../../core/base/mod.ts";
import type { BatchRecord } from "../../../core/streams/mod.ts";
import {
  type Changed,
  type Connection,
  type ConnectionInfo,
  checkedData,
  type MessageData,
  type OriginEvent,
  packId,
  type ReplyOptions,
  type SendOptions,
  type SendOutcome,
  traceOf,
  type WaitOptions,
} from "../base/mod.ts";
import type { Change, ChangeDone, ConnectionSender, NodeSender } from "../send/mod.ts";

/** An event that waits for an async handler, and the batch that it came in. */
export interface WaitingEvent {
  /** Undefined: an event came again. Its batch is handled when all before this is handled. */
  readonly event: OriginEvent | undefined;
  readonly record: BatchRecord | undefined;
}

function infoOf(said: unknown): ConnectionInfo {
  return typeof said === "object" && said !== null ? (said as ConnectionInfo) : {};
}

/** The handle of a connection. While the origin knows the connection there is one only. */
export class OriginConnection implements Connection {
  readonly id: string;
  readonly node: string;
  /** The id as MessagePack, made once: every `send` copies it. */
  readonly packed: Uint8Array;
  info: ConnectionInfo | undefined;
  state: unknown;
  /** The node's incarnation, as its stream of events names it. */
  incarnation: string | undefined;
  /** Next handle with the same hash in the table. */
  chained: OriginConnection | undefined;
  /** Events that wait for an async handler; undefined while none runs. */
  waiting: WaitingEvent[] | undefined;
  /** The user that its `close` named, if no earlier event did. */
  #user: string | undefined;
  /** Number of the last event that handlers got, -1 before any. */
  seq = -1;
  /** A message was dropped: the connection is being closed, and further ones are dropped. */
  overloaded = false;
  readonly #commands: ConnectionSender;
  #sender: NodeSender | undefined;
  /** `setState` that the node has not answered yet. */
  #settingStates = 0;

  constructor(id: string, commands: ConnectionSender) {
    this.id = id;
    this.node = nodeOf(id);
    this.packed = packId(id);
    this.#commands = commands;
  }

  get user(): string | undefined {
    return this.info?.user ?? this.#user;
  }

  get trace(): string | undefined {
    return traceOf(this.info?.trace);
  }

  send(data: MessageData, options?: SendOptions): void {
    if (options?.ttlMs !== undefined || options?.trace !== undefined) {
      this.#commands.send(this, data, options);
      return;
    }
    if (this.#sender === undefined || this.#sender.retired) {
      this.#sender = this.#commands.node(this.node);
    }
    this.#sender.send(this, checkedData(data));
  }

  async sendWithReply(data: MessageData, options?: ReplyOptions): Promise<SendOutcome> {
    const outcomes = await this.#commands.sendWithReply(this, data, options);
    return outcomes.get(this.id) ?? "unknown";
  }

  close(closeCode?: number, closeReason?: string): void {
    this.#commands.close(this, closeCode, closeReason);
  }

  join(group: string, options?: WaitOptions): Promise<Changed<"joined">> {
    return this.#change({ verb: "join", value: group }, options);
  }

  leave(group: string, options?: WaitOptions): Promise<Changed<"left">> {
    return this.#change({ verb: "leave", value: group }, options);
  }

  setState(state: unknown, options?: WaitOptions): Promise<Changed<"stored">> {
    const before = this.state;
    this.#settingStates++;
    this.state = state ?? undefined;
    const change = { verb: "state", value: state ?? null } as const;
    const answer = this.#change<"stored">(change, options);
    const done = (): void => void this.#settingStates--;
    answer.then(done, () => {
      done();
      // The gateway still has the former value, unless another was set since.
      if (this.state === state) this.state = before;
    });
    return answer;
  }

  renew(expires: Date | number | null, options?: WaitOptions): Promise<Changed<"renewed">> {
    return this.#change({ verb: "renew", value: Number(expires) }, options);
  }

  /** The state that came with a message. A value that was set here since is newer. */
  stateReceived(state: unknown): void {
    if (this.#settingStates === 0) this.state = state;
  }

  /** What `open` or `assigned` said. */
  introduced(said: unknown): ConnectionInfo {
    const info = infoOf(said);
    this.info = info;
    this.stateReceived(info.state ?? undefined);
    return info;
  }

  /** The user and state that its `close` named. */
  closedAs(said: unknown): void {
    const { user, state } = infoOf(said);
    this.#user = user;
    if (state !== undefined) this.stateReceived(state);
  }

  #change<Done extends ChangeDone>(change: Change, options?: WaitOptions): Promise<Changed<Done>> {
    return this.#commands.changeOne<Done>(this.id, change, options);
  }
}

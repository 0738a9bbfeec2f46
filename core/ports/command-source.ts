/** How a command batch came in. */
export interface CommandSource {
  readonly app: string;
  /** Who published it: the last level of its topic, or a local name. Never trusted for more. */
  readonly sender: string;
  /**
   * `node`: addressed to this node by name. `all`: to every node, each carries out its own.
   * `group`: to every node that joined `group`; each carries out its own.
   * `local`: through a port of this node; what concerns other nodes is forwarded to them.
   */
  readonly scope: "node" | "all" | "group" | "local";
  /** Of scope `group`: the only group that it may publish to. */
  readonly group?: string | undefined;
  /** It came as JSON, and so do its replies and acks. */
  readonly json?: boolean | undefined;
  /** The topic, or its equivalent in a transport without topics, for the log. */
  readonly topic: string;
}

/** Takes a command batch; `payload` is only valid during the call. Never throws. */
export type CommandReceiver = (source: CommandSource, payload: Uint8Array) => void;

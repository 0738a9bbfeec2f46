/** Where a command batch came from. */
export interface CommandSource {
  readonly app: string;
  /** The name in the last level of the topic. Nothing checks it but the broker's rules. */
  readonly sender: string;
  /**
   * Whom the batch was sent to. `node`: this node, by its name. `all`: every node. `group`: every
   * node that joined `group`. `local`: this node, inside its process. Each node carries out what
   * concerns its own connections. What a `local` batch says of others is forwarded to their nodes.
   */
  readonly scope: "node" | "all" | "group" | "local";
  /** With scope `group`: the only group that the batch may publish to. */
  readonly group?: string | undefined;
  /** The batch is JSON, so its replies and acknowledgements are JSON too. */
  readonly json?: boolean | undefined;
  /** Replies go to the sender's own topic, whether or not it has announced itself. */
  readonly direct?: boolean | undefined;
  /** Takes what came of a command, or `{error}`, in place of a reply that is published. */
  readonly answer?: ((result: unknown) => void) | undefined;
  /** The topic, or its equivalent in a transport without topics, for the log. */
  readonly topic: string;
}

/** Takes a command batch. `payload` is only valid during the call. It never throws. */
export type CommandReceiver = (source: CommandSource, payload: Uint8Array) => void;

import { connectOrigin, type Origin } from "websocket-service/origin";

/** Where the chat's origin finds its gateway. */
export interface ChatOptions {
  readonly broker: string;
  readonly app?: string;
  readonly root?: string;
}

/**
 * A chat: each client's message goes to all clients. Change this file while `dev` runs: the
 * origin restarts, and the browsers stay connected to the gateway.
 */
export async function startChatOrigin(options: ChatOptions): Promise<Origin> {
  const origin = await connectOrigin(options);
  const everyone = origin.everyone();

  const tellEveryone = (message: Record<string, unknown>): void =>
    everyone.publish(JSON.stringify(message));

  /** The nodes know who is connected, so an origin needs no table, also if it has just started. */
  const tellNumber = async (kind: string): Promise<void> => {
    const { count } = await everyone.count({ timeoutMs: 1_000 });
    tellEveryone({ kind, online: count });
  };

  origin.on("open", () => tellNumber("joined"));

  origin.on("message", ({ data }) => {
    if (typeof data === "string") tellEveryone({ kind: "said", text: data });
  });

  origin.on("close", () => tellNumber("left"));

  return origin;
}

import { connectOrigin, type Origin } from "websocket-service/origin";

/** Where the chat's origin finds its gateway. */
export interface ChatOptions {
  readonly broker: string;
  readonly app?: string;
  readonly root?: string;
}

/**
 * A chat: whatever one client says goes to all of them. Change this file while `dev` runs: this
 * origin starts anew, and the browsers' connections stay where they are, in the gateway.
 */
export async function startChatOrigin(options: ChatOptions): Promise<Origin> {
  const origin = await connectOrigin(options);
  const everyone = origin.everyone();

  const tellEveryone = (message: Record<string, unknown>): void =>
    everyone.publish(JSON.stringify(message));

  /** The nodes know who is there: an origin that has just started, or is one of many, need not. */
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

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
  const online = new Set<string>();

  const tellEveryone = (message: Record<string, unknown>): void =>
    origin.send([...online], JSON.stringify({ ...message, online: online.size }));

  origin.on("open", (event) => {
    online.add(event.connection.id);
    tellEveryone({ kind: "joined" });
  });

  // An origin that has just started learns here who was there before it.
  origin.on("alive", (event) => {
    for (const connection of event.connections) online.add(connection.id);
  });

  origin.on("message", (event) => {
    online.add(event.connection.id);
    if (typeof event.data === "string") tellEveryone({ kind: "said", text: event.data });
  });

  origin.on("close", (event) => {
    online.delete(event.connection.id);
    tellEveryone({ kind: "left" });
  });

  return origin;
}

// Chat rooms for named users. The gateway asks this origin who may connect: --authorize origin.
import { connectOrigin, type Origin, reject } from "websocket-service/origin";

/** What the gateway stores for each connection, and sends with each of its messages. */
export interface Seat {
  readonly room: string;
  readonly said: number;
}

export interface RoomsOptions {
  readonly broker: string;
  /** Users by their tokens. */
  readonly users: ReadonlyMap<string, string>;
}

/** Clients connect to `/ROOM?token=…`. A message with a leading `/` is a command. */
export async function startRoomsOrigin({ broker, users }: RoomsOptions): Promise<Origin<Seat>> {
  const origin = await connectOrigin<Seat>({ broker });

  origin.authorize(async ({ path, query }) => {
    const user = users.get(new URLSearchParams(query).get("token") ?? "");
    if (user === undefined) return reject(401, "who are you?");
    const room = path.slice(1) || "lobby";
    return { user, groups: [room], state: { room, said: 0 } };
  });

  // After a deploy this process learns who is connected, as if it had let them in itself.
  origin.on("assigned", ({ connection, info }) => {
    const since = new Date(info.at ?? 0).toISOString();
    console.log(`${connection.user} is in ${info.groups?.join(", ")}, and here since ${since}`);
  });

  origin.on("message", async ({ connection, data }) => {
    const { state } = connection;
    if (state === undefined || typeof data !== "string") return;
    const [word = "", ...rest] = data.split(" ");
    if (word === "/move") {
      const [room = "lobby"] = rest;
      connection.leave(state.room);
      connection.join(room);
      connection.setState({ ...state, room });
      origin.group(room).publish(`${connection.user} came from ${state.room}`);
    } else if (word === "/who") {
      const { connections, missing } = await origin.group(state.room).connections();
      const names = connections.map(({ user }) => user).sort();
      connection.send(missing.length === 0 ? names.join(", ") : `${names.join(", ")} and others`);
    } else if (word === "/tell") {
      const [user = "", ...words] = rest;
      const told = await origin.user(user).sendWithReply(words.join(" "), { ttlMs: 5_000 });
      connection.send(told.sent > 0 ? `${user} has it` : `${user} is not there`);
    } else if (word === "/kick") {
      await origin.user(rest[0] ?? "").close(4_000, "kicked");
    } else {
      connection.setState({ ...state, said: state.said + 1 });
      const text = `${connection.user} (${state.said + 1}): ${data}`;
      origin.group(state.room).publish(text, { except: connection });
    }
  });

  // It names the user of a connection that never sent a message here, too.
  origin.on("close", ({ connection: { user, state } }) => {
    if (state !== undefined) origin.group(state.room).publish(`${user} left`);
  });

  return origin;
}

import { dirname } from "node:path/posix";

/** What every room may import besides, but those that stand apart. */
const foundations = ["core/base", "core/ports"];
const apart: ReadonlySet<string> = new Set([
  ...foundations,
  "wasm/generated",
  "adapters/mqtt/lane",
  "examples",
  "runtimes/node",
]);

/**
 * The rooms of the source and what each may import besides the foundations. A room is a folder
 * with the folders in it that are no rooms themselves. `core/*` is every room of `core`. The same
 * table stands in `docs/architecture.md`.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  "core/base": [],
  "core/ports": ["core/base"],
  "core/config": [],
  "core/telemetry": [],
  "core/streams": [],
  "core/websocket": [],
  "core/connection": ["core/telemetry"],
  "core/groups": ["core/telemetry", "core/connection", "core/websocket"],
  "core/events": ["core/telemetry", "core/connection", "core/streams"],
  "core/routing": ["core/telemetry", "core/connection", "core/streams", "core/events"],
  "core/handshake": [
    "core/telemetry",
    "core/connection",
    "core/websocket",
    "core/groups",
    "core/events",
    "core/routing",
  ],
  "core/commands": [
    "core/telemetry",
    "core/connection",
    "core/streams",
    "core/websocket",
    "core/groups",
    "core/handshake",
    "core/routing",
  ],
  "core/inspect": ["core/telemetry", "core/connection", "core/events", "core/routing"],
  core: ["core/*"],
  "wasm/values": [],
  "wasm/generated": [],
  "wasm/codec": ["wasm/values", "wasm/generated"],
  "adapters/admin": ["core/inspect", "adapters/http", "adapters/http-wire", "adapters/system"],
  "adapters/embedded-broker": ["adapters/system"],
  "adapters/http": ["adapters/system"],
  "adapters/http-origin": [
    "adapters/http-client",
    "adapters/http-wire",
    "adapters/origin",
    "adapters/origin/api",
  ],
  "adapters/http-origin/batch": [
    "core/streams",
    "adapters/http-client",
    "adapters/http-wire",
    "adapters/topics",
    "adapters/origin/endpoint",
    "adapters/origin/base",
    "adapters/origin/receive",
    "adapters/origin/send",
  ],
  "adapters/http-wire": ["core/websocket"],
  "adapters/http-client": ["adapters/system"],
  "adapters/jwt": ["core/websocket", "adapters/system"],
  "adapters/log": [],
  "adapters/metrics": [],
  "adapters/topics": [],
  "adapters/tracing": [],
  "adapters/in-process": ["adapters/topics"],
  "adapters/mqtt/lane": [],
  "adapters/mqtt/link": ["adapters/topics", "adapters/mqtt/lane"],
  "adapters/mqtt/brokers": ["adapters/topics", "adapters/mqtt/link"],
  "adapters/mqtt": ["adapters/topics", "adapters/mqtt/link"],
  "adapters/peers": ["core/streams", "adapters/http", "adapters/topics", "adapters/system"],
  "adapters/service-port": [
    "adapters/http",
    "adapters/http-wire",
    "adapters/topics",
    "adapters/system",
    "adapters/origin/presence",
    "adapters/origin/send",
  ],
  "adapters/system": [],
  "adapters/websocket-client": ["core/websocket", "adapters/system"],
  "adapters/origin/base": ["core/websocket", "adapters/topics"],
  "adapters/origin/presence": ["core/streams", "adapters/topics", "adapters/origin/base"],
  "adapters/origin/send": [
    "core/streams",
    "adapters/topics",
    "adapters/origin/base",
    "adapters/origin/presence",
  ],
  "adapters/origin/endpoint": [
    "core/streams",
    "adapters/topics",
    "adapters/origin/base",
    "adapters/origin/presence",
    "adapters/origin/send",
  ],
  "adapters/origin/connections": ["core/streams", "adapters/origin/base", "adapters/origin/send"],
  "adapters/origin/dispatch": [
    "core/streams",
    "adapters/origin/base",
    "adapters/origin/send",
    "adapters/origin/connections",
  ],
  "adapters/origin/receive": [
    "core/streams",
    "adapters/origin/base",
    "adapters/origin/send",
    "adapters/origin/connections",
    "adapters/origin/dispatch",
  ],
  "adapters/origin/api": [
    "adapters/topics",
    "adapters/mqtt/link",
    "adapters/mqtt/brokers",
    "adapters/log",
    "adapters/system",
    "adapters/origin/base",
    "adapters/origin/send",
    "adapters/origin/connections",
    "adapters/origin/dispatch",
    "adapters/origin/endpoint",
    "adapters/origin/receive",
  ],
  "adapters/origin": [
    "adapters/mqtt/link",
    "adapters/origin/base",
    "adapters/origin/dispatch",
    "adapters/origin/api",
  ],
  examples: ["adapters/origin"],
  "runtimes/server": ["core/*", "adapters/system"],
  "runtimes/framed-server": ["core/*", "adapters/system", "runtimes/server"],
  "runtimes/compose": ["core", "core/*", "wasm/codec", "adapters/*", "runtimes/server"],
  "runtimes/workers": ["core/*", "adapters/*", "runtimes/compose", "runtimes/server"],
  "runtimes/cli": [
    "core",
    "core/*",
    "adapters/*",
    "examples",
    "runtimes/compose",
    "runtimes/server",
    "runtimes/workers",
  ],
  "runtimes/bun": [
    "core/*",
    "adapters/system",
    "runtimes/cli",
    "runtimes/framed-server",
    "runtimes/server",
  ],
  "runtimes/deno": [
    "core/*",
    "adapters/system",
    "runtimes/cli",
    "runtimes/framed-server",
    "runtimes/server",
  ],
  "runtimes/node": ["runtimes/cli", "runtimes/framed-server"],
};

/** The room of a file: the nearest folder that is one. */
export function roomOf(path: string): string | undefined {
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
    if (folder in rooms) return folder;
  }
  return undefined;
}

export function mayImport(from: string, to: string): boolean {
  const allowed = [...(rooms[from] ?? []), ...(apart.has(from) ? [] : foundations)];
  return allowed.includes(to) || allowed.includes(`${to.split("/")[0]}/*`);
}

/** Where the table of `docs/architecture.md` is another one. It stands between two comments. */
export function tableFaults(markdown: string): string[] {
  const table = /<!-- rooms -->([\s\S]*?)<!-- \/rooms -->/.exec(markdown)?.[1] ?? "";
  const listed = new Map<string, string>();
  for (const [, room = "", may = ""] of table.matchAll(/^\| `([^`]+)` \|.*\| ([^|]*) \|$/gm)) {
    listed.set(room, [...may.matchAll(/`([^`]+)`/g)].map(([, name]) => name).join(" "));
  }
  const faults = Object.entries(rooms)
    .filter(([room, may]) => listed.get(room) !== may.join(" "))
    .map(([room, may]) => `${room} may import ${may.join(" ") || "nothing"}`);
  const unknown = [...listed.keys()].filter((room) => !(room in rooms));
  return [...faults, ...unknown.map((room) => `${room} is no room`)];
}

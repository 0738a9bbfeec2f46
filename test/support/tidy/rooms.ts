import { dirname } from "node:path/posix";

/**
 * The rooms of the source and what each may import. A room is a folder with the folders in it
 * that are no rooms themselves. `core/*` is every room of `core`. The same table stands in
 * `docs/architecture.md`.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  "core/base": [],
  "core/ports": ["core/base"],
  "core/config": ["core/base", "core/ports"],
  "core/telemetry": ["core/base", "core/ports"],
  "core/streams": ["core/base", "core/ports"],
  "core/websocket": ["core/base", "core/ports"],
  "core/connection": ["core/base", "core/ports", "core/telemetry"],
  "core/groups": [
    "core/base",
    "core/ports",
    "core/telemetry",
    "core/connection",
    "core/websocket",
  ],
  "core/events": ["core/base", "core/ports", "core/telemetry", "core/connection", "core/streams"],
  "core/routing": [
    "core/base",
    "core/ports",
    "core/telemetry",
    "core/connection",
    "core/streams",
    "core/events",
  ],
  "core/handshake": [
    "core/base",
    "core/ports",
    "core/telemetry",
    "core/connection",
    "core/websocket",
    "core/groups",
    "core/events",
    "core/routing",
  ],
  "core/commands": [
    "core/base",
    "core/ports",
    "core/telemetry",
    "core/connection",
    "core/streams",
    "core/websocket",
    "core/groups",
    "core/handshake",
    "core/routing",
  ],
  "core/inspect": [
    "core/base",
    "core/ports",
    "core/telemetry",
    "core/connection",
    "core/events",
    "core/routing",
  ],
  core: ["core/*"],
  "wasm/values": ["core/base", "core/ports"],
  "wasm/generated": [],
  "wasm/codec": ["core/base", "core/ports", "wasm/values", "wasm/generated"],
  "adapters/admin": [
    "core/base",
    "core/ports",
    "core/inspect",
    "adapters/http",
    "adapters/http-wire",
    "adapters/system",
  ],
  "adapters/embedded-broker": ["core/base", "core/ports", "adapters/system"],
  "adapters/http": ["core/base", "core/ports", "adapters/system"],
  "adapters/http-origin": [
    "core/base",
    "core/ports",
    "adapters/http-client",
    "adapters/http-wire",
    "adapters/origin",
    "adapters/origin/api",
  ],
  "adapters/http-origin/batch": [
    "core/base",
    "core/ports",
    "core/streams",
    "adapters/http-client",
    "adapters/http-wire",
    "adapters/topics",
    "adapters/origin/endpoint",
    "adapters/origin/base",
    "adapters/origin/receive",
    "adapters/origin/send",
  ],
  "adapters/http-wire": ["core/base", "core/websocket"],
  "adapters/http-client": ["core/base", "core/ports", "adapters/system"],
  "adapters/jwt": ["core/base", "core/ports", "core/websocket", "adapters/system"],
  "adapters/log": ["core/base", "core/ports"],
  "adapters/metrics": ["core/base", "core/ports"],
  "adapters/topics": ["core/base", "core/ports"],
  "adapters/tracing": ["core/base", "core/ports"],
  "adapters/in-process": ["core/base", "core/ports", "adapters/topics"],
  "adapters/mqtt/lane": [],
  "adapters/mqtt/link": ["core/base", "core/ports", "adapters/topics", "adapters/mqtt/lane"],
  "adapters/mqtt/brokers": ["core/base", "core/ports", "adapters/topics", "adapters/mqtt/link"],
  "adapters/mqtt": ["core/base", "core/ports", "adapters/topics", "adapters/mqtt/link"],
  "adapters/peers": [
    "core/base",
    "core/ports",
    "core/streams",
    "adapters/http",
    "adapters/topics",
    "adapters/system",
  ],
  "adapters/service-port": [
    "core/base",
    "core/ports",
    "adapters/http",
    "adapters/http-wire",
    "adapters/topics",
    "adapters/system",
    "adapters/origin/presence",
    "adapters/origin/send",
  ],
  "adapters/system": ["core/base", "core/ports"],
  "adapters/websocket-client": ["core/base", "core/websocket", "adapters/system"],
  "adapters/origin/base": ["core/base", "core/websocket", "adapters/topics"],
  "adapters/origin/presence": [
    "core/base",
    "core/ports",
    "core/streams",
    "adapters/topics",
    "adapters/origin/base",
  ],
  "adapters/origin/send": [
    "core/base",
    "core/ports",
    "core/streams",
    "adapters/topics",
    "adapters/origin/base",
    "adapters/origin/presence",
  ],
  "adapters/origin/endpoint": [
    "core/base",
    "core/ports",
    "core/streams",
    "adapters/topics",
    "adapters/origin/base",
    "adapters/origin/presence",
    "adapters/origin/send",
  ],
  "adapters/origin/connections": [
    "core/base",
    "core/streams",
    "adapters/origin/base",
    "adapters/origin/send",
  ],
  "adapters/origin/dispatch": [
    "core/base",
    "core/ports",
    "core/streams",
    "adapters/origin/base",
    "adapters/origin/send",
    "adapters/origin/connections",
  ],
  "adapters/origin/receive": [
    "core/base",
    "core/ports",
    "core/streams",
    "adapters/origin/base",
    "adapters/origin/send",
    "adapters/origin/connections",
    "adapters/origin/dispatch",
  ],
  "adapters/origin/api": [
    "core/base",
    "core/ports",
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
    "core/base",
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
  const allowed = rooms[from] ?? [];
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

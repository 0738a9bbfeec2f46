import assert from "node:assert/strict";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import {
  type GatewayRuntime,
  gatewayCommand,
  gatewayRuntimes,
  spawnCommand,
} from "../../support/gateway/gateway.ts";
import { listenOnRefused } from "../../support/http/refused-port.ts";
import type { Program } from "../../support/process/spawn.ts";
import { skipWithoutTerminal, Terminal } from "../../support/process/terminal.ts";

/** An admin port that says what the test wants. */
async function startAdmin(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const [anyRuntime = "node"] = gatewayRuntimes;

interface Place {
  readonly admin: string;
  readonly runtime?: GatewayRuntime;
  readonly env?: Readonly<Record<string, string>>;
}

function begin(
  { admin, runtime = anyRuntime, env = {} }: Place,
  ...words: readonly string[]
): Program {
  return spawnCommand([...words, "--admin", admin], { runtime, env });
}

async function ask(admin: string, ...words: readonly string[]): Promise<Program> {
  const asked = begin({ admin }, ...words);
  await asked.exited;
  return asked;
}

test("a search asks for one page after the other, as long as --limit has room", async () => {
  const asked: string[] = [];
  const admin = await startAdmin((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://x");
    asked.push(`${searchParams.get("limit")} ${searchParams.get("after")}`);
    const first = Number(searchParams.get("after")?.split(":")[1] ?? 0);
    const limit = Math.min(Number(searchParams.get("limit")), 300);
    const connections = Array.from({ length: limit }, (_, at) => ({ id: `n.${first + at}` }));
    response.end(JSON.stringify({ connections, next: `0:${first + limit}` }));
  });
  const found = await ask(admin, "connections", "--limit", "700", "--json");
  assert.equal((await found.exited).code, 0, found.output);
  const ids = JSON.parse(found.lines[0] ?? "").map(({ id }: { id: string }) => id);
  assert.equal(ids.length, 700);
  assert.equal(ids.at(-1), "n.699");
  assert.deepEqual(asked, ["500 null", "400 0:300", "100 0:600"]);
});

for (const runtime of gatewayRuntimes) {
  test(`commands reach a port that browsers refuse, on ${runtime}`, async () => {
    const line = 'event: line\ndata: {"at":0,"kind":"event","verb":"open"}\n\n';
    const { server, port } = await listenOnRefused(({ url = "" }, response) => {
      if (url === "/metrics") response.end("wss_connections 0\n");
      else if (!url.startsWith("/admin/tail")) response.end('{"origins":[],"outcome":"sent"}');
      else response.end(`event: ready\ndata: {}\n\n${line}event: end\ndata: {}\n\n`);
    });
    after(() => server.close());
    const admin = `http://127.0.0.1:${port}`;
    const answered = async (...words: string[]): Promise<string> => {
      const asked = begin({ admin, runtime }, ...words);
      assert.deepEqual(await asked.exited, { code: 0, signal: null }, asked.output);
      return asked.output;
    };
    assert.equal(await answered("origins", "--json"), "[]");
    assert.equal(await answered("send", "n.AAAAx", "hi"), "sent");
    assert.match(await answered("tail", "@all"), /^00:00:00\.000 event open$/m);
    const words = ["--port", "0", "--broker-port", "0", "--admin-port", String(port)];
    const doctor = spawnCommand(["doctor", ...words], { runtime });
    await doctor.exited;
    assert.match(doctor.output, /--admin-port: taken, and a gateway runs here/);
  });
}

test("a gateway is asked through the environment's proxy, this machine's is not", async () => {
  const asked: (string | undefined)[] = [];
  const proxy = await startAdmin(({ url }, response) => {
    asked.push(url);
    response.end('{"origins":[]}');
  });
  for (const admin of ["http://gateway.example:8081", proxy]) {
    const asking = begin({ admin, env: { HTTP_PROXY: proxy } }, "origins", "--json");
    assert.deepEqual(await asking.exited, { code: 0, signal: null }, asking.output);
  }
  assert.deepEqual(asked, ["http://gateway.example:8081/admin/origins", "/admin/origins"]);
});

test("what is no gateway is told apart, and steers no terminal", async () => {
  const page = await startAdmin((_request, response) => response.end("<html>"));
  const other = await ask(page, "origins");
  assert.equal((await other.exited).code, 1);
  assert.equal(other.output, "http-answer-malformed: this is not the admin port of a gateway");
  const proxy = await startAdmin((_request, response) => {
    response.statusCode = 502;
    response.end("bad gateway");
  });
  assert.equal(
    (await ask(proxy, "origins")).output,
    "http-status: the admin port answers 502 Bad Gateway",
  );
  const rude = await startAdmin((_request, response) => {
    response.statusCode = 403;
    response.end(JSON.stringify({ code: "request-forbidden", message: "no\u001b[2J" }));
  });
  assert.equal((await ask(rude, "origins")).output, "request-forbidden: no\\u001b[2J");
});

test("the exit code says whether it was done, and requests have what was asked for", async () => {
  const asked: string[] = [];
  let outcome = "slow";
  const admin = await startAdmin((request, response) => {
    asked.push(request.url ?? "");
    if (request.url?.startsWith("/admin/tail") === true) {
      response.end("event: ready\ndata: {}\n\n");
      return;
    }
    const changed = outcome === "slow" ? [] : ["max-connections: 2, was 1"];
    response.end(JSON.stringify({ outcome, connections: [], changed, restart: ["port"] }));
  });
  const codeOf = async (...words: string[]): Promise<readonly [number | null, string]> => {
    const asking = await ask(`${admin}/`, ...words);
    return [(await asking.exited).code, asking.output];
  };
  assert.deepEqual(await codeOf("send", "n.AAAAx", "hi"), [1, "slow"]);
  assert.deepEqual(await codeOf("close", "n.AAAAx"), [1, "slow"]);
  const nothing = "nothing has changed\nafter a restart: port";
  assert.deepEqual(await codeOf("reload"), [0, nothing]);
  outcome = "sent";
  assert.deepEqual(await codeOf("send", "n.AAAAx", "hi"), [0, "sent"]);
  const changed = "max-connections: 2, was 1\nafter a restart: port";
  assert.deepEqual(await codeOf("reload"), [0, changed]);
  outcome = "closed";
  assert.deepEqual(await codeOf("close", "n.AAAAx"), [0, "closed"]);
  // The gateway says why it ends a tail: this one did not.
  assert.equal((await codeOf("tail", "n.AAAAx"))[0], 1);
  assert.equal((await codeOf("tail", "n.AAAAx", "--group"))[0], 1);
  const filter = ["--id", "i", "--user", "u", "--address", "a", "--group", "g", "--app", "p"];
  assert.equal((await codeOf("connections", ...filter))[0], 0);
  assert.deepEqual(asked.slice(-3), [
    "/admin/tail?connection=n.AAAAx",
    "/admin/tail?group=n.AAAAx",
    "/admin/connections?id=i&user=u&address=a&group=g&app=p&limit=100",
  ]);
  assert.ok(
    asked.every((url) => url.startsWith("/admin/")),
    asked.join(),
  );
});

test("a publish that a node does not answer is a failure, and names the node", async () => {
  let missing: string[] = [];
  const admin = await startAdmin((_request, response) => {
    response.end(JSON.stringify({ sent: 2, nodes: {}, missing }));
  });
  const all = await ask(admin, "publish", "@all", "hi");
  assert.equal((await all.exited).code, 0, all.output);
  missing = ["edge-1", "edge-2"];
  const some = await ask(admin, "publish", "@all", "hi", "--json");
  assert.equal((await some.exited).code, 1);
  const [answer = "", ...told] = some.lines;
  assert.deepEqual(JSON.parse(answer).missing, missing);
  assert.match(told.join("\n"), /^reply-timeout: no answer of edge-1, edge-2: /);
});

test("top asks again a gateway that does not answer for a moment", {
  skip: skipWithoutTerminal,
}, async () => {
  let fails = false;
  const overview = { node: "edge-1", version: "1", runtime: "r", engine: "e", ready: true };
  const numbers = { at: 2, startedAt: 1, connections: 7, totals: {}, nodes: [], reasons: [] };
  const admin = await startAdmin((_request, response) => {
    if (fails) response.statusCode = 502;
    response.end(JSON.stringify({ ...overview, ...numbers, origins: [], brokers: [] }));
  });
  const [program, ...first] = gatewayCommand(anyRuntime);
  const words = [...first, "top", "--admin", admin, "--interval", "100ms"];
  const terminal = new Terminal(program, words);
  await terminal.shows(/connections 7/);
  fails = true;
  await terminal.shows(/the admin port answers 502/);
  fails = false;
  await terminal.shows(/answers 502.*(websocket-service 1.*){3}$/s);
  terminal.type("q");
  assert.deepEqual(await terminal.exited, { code: 0, signal: null }, terminal.text);
});

test("a tail that breaks off is a failure, and one with an endless event ends", async () => {
  const line = 'event: line\ndata: {"at":0,"kind":"event","verb":"open"}\n\n';
  const answers: ServerResponse[] = [];
  const broken = await startAdmin((_request, response) => {
    answers.push(response);
    response.write(`event: ready\ndata: {}\n\n:\n\n${line}`);
  });
  const tail = begin({ admin: broken }, "tail", "@all");
  // What is still on its way is lost with the connection, so it breaks off once it was read.
  await tail.line((text) => text === "00:00:00.000 event open" || undefined, "the event");
  answers[0]?.destroy();
  assert.equal((await tail.exited).code, 1);
  assert.match(tail.lines.at(-1) ?? "", /^http-lost: /);
  const endless = await startAdmin((_request, response) => {
    response.on("error", () => {});
    response.write(`event: line\ndata: ${"x".repeat(2_000_000)}`);
  });
  const long = await ask(endless, "tail", "@all");
  assert.equal((await long.exited).code, 1);
  assert.match(long.output, /^http-answer-malformed: /);
});

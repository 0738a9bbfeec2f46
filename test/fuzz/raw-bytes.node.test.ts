import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawClient } from "../support/clients/raw-client.ts";
import { combinations, type GatewayRuntime, startGateway } from "../support/gateway/gateway.ts";
import { waitFor, within } from "../support/process/wait.ts";
import { casesOf, diceOf, seed } from "./rig/fuzz-run.ts";
import { type RawScript, RawScripts, shownBytes } from "./scripts/raw-script.ts";

/** A case is one TCP connection to a real server. */
const cases = casesOf(600);
const clientsMax = 32;
/** A server that is busy with 31 others answers within this, or not at all. */
const deadlineMs = 15_000;

/** Sends what the script says; resolves when the server has answered or ended it. */
async function play(port: number, { chunks, then }: RawScript): Promise<void> {
  const client = await RawClient.connect(port);
  try {
    for (const chunk of chunks) {
      if (client.closed) break;
      client.write(chunk);
      if (chunks.length > 1) await client.turn();
    }
    if (then === "reset") {
      client.reset();
      return;
    }
    if (then === "wait") await reaction(client);
    client.socket.end();
    const what = "the end after our own";
    await waitFor(() => client.ended || client.closed, { deadline: deadlineMs, what });
  } finally {
    client.destroy();
  }
}

/** An answer, or the end: an unfinished request is not waited for longer than is allowed. */
async function reaction(client: RawClient): Promise<void> {
  const reacted = (): boolean => client.socket.bytesRead > 0 || client.ended || client.closed;
  await waitFor(reacted, { deadline: deadlineMs, what: "any reaction" });
}

async function gauge(adminPort: number, name: string): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(metrics)?.[1]);
}

type Engine = "native" | "wasm";

async function run(runtime: GatewayRuntime, engine: Engine, test: number): Promise<void> {
  const flags = ["--engine", engine, "--handshake-timeout", "1s", "--compression"];
  const gateway = await startGateway({ runtime, flags });
  const { port, adminPort } = gateway.info;
  // Deno's own server has no timeout, and no way to give it one: a named gap.
  const scripts = new RawScripts(diceOf(50 + test), runtime !== "deno" || engine !== "native");
  let left = cases;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const script = scripts.next();
      try {
        await play(port, script);
      } catch (cause) {
        const what = `${script.then} ${shownBytes(script.chunks)}`;
        throw new Error(`FUZZ_SEED=${seed}: ${what}\n${gateway.output}`, { cause });
      }
    }
  };
  await Promise.all(Array.from({ length: clientsMax }, worker));
  const good = await within(RawClient.open(port), { deadline: deadlineMs, what: "a handshake" });
  good.send({ opcode: 9, payload: "still there?" });
  assert.equal((await good.frame()).payload.toString(), "still there?");
  good.destroy();
  const none = async (): Promise<boolean> => (await gauge(adminPort, "wss_connections")) === 0;
  await waitFor(none, { deadline: deadlineMs, what: "every connection to be gone" });
  const errors = gateway.log.filter(({ level }) => level === "error");
  assert.deepEqual(errors, [], `FUZZ_SEED=${seed}`);
}

describe(`any bytes on the client port (FUZZ_SEED=${seed})`, { concurrency: 2 }, () => {
  for (const [index, { runtime, engine }] of combinations.entries()) {
    const title = `${cases} clients of ${runtime}, engine ${engine}, are answered or cut`;
    it(title, () => run(runtime, engine, index));
  }
});

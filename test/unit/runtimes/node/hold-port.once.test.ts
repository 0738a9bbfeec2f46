import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { connect, createServer, type Server } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { holdPort } from "../../../../runtimes/node/hold-port.ts";
import { skipWithout } from "../../../support/process/spawn.ts";

/** Listens on any port; the code of the error if there is none. */
function listen(port: number): Promise<Server | string> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code ?? ""));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** In a network of its own, where the system has two ports to give. */
async function alone(): Promise<void> {
  const held = holdPort("127.0.0.1");
  assert.ok(held);
  const socket = connect(held.port, "127.0.0.1");
  await new Promise<void>((resolve) => socket.on("error", () => resolve()));
  const other = await listen(0);
  assert.ok(typeof other !== "string");
  assert.notEqual((other.address() as { port: number }).port, held.port);
  assert.equal(await listen(0), "EADDRINUSE", "the held port is nobody's");
  const own = await listen(held.port);
  assert.ok(typeof own !== "string", "but whoever knows it may listen there");
  held.release();
  own.close();
  other.close();
}

if (process.argv[2] === "alone") {
  await alone();
} else {
  test("a held port is given to nobody, and its own program may listen there", {
    skip: skipWithout("unshare") || skipWithout("ip"),
  }, () => {
    const range = "/proc/sys/net/ipv4/ip_local_port_range";
    const enter = `ip link set lo up && echo 40000 40001 > ${range} && exec "$0" "$@"`;
    const program = [process.execPath, fileURLToPath(import.meta.url), "alone"];
    const words = ["--user", "--map-root-user", "--net", "sh", "-c", enter, ...program];
    const { status, stderr } = spawnSync("unshare", words, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });

  test("there is none to hold at a name, or at an address of another machine", () => {
    assert.equal(holdPort("localhost"), undefined);
    assert.equal(holdPort("192.0.2.1"), undefined);
  });
}

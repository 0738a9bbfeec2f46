import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { freePort, onFreePort } from "../../support/process/free-port.ts";
import { bunProgram, denoProgram, nodeProgram, Program } from "../../support/process/spawn.ts";
import { waitFor, within } from "../../support/process/wait.ts";

const programs = { bun: [bunProgram, "-e"], node: [nodeProgram(), "-e"] } as const;

test("Program: gives lines as they come, and the last one without a newline", async () => {
  const script = 'console.log("one"); console.error("two"); process.stdout.write("three");';
  await using program = new Program(programs.node[0], [programs.node[1], script]);
  assert.equal(await program.line((line) => (line === "one" ? line : undefined), "one"), "one");
  assert.deepEqual(await program.exited, { code: 0, signal: null });
  assert.deepEqual([...program.lines].sort(), ["one", "three", "two"]);
  assert.equal(await program.line((line) => /^three$/.exec(line)?.[0], "three"), "three");
  await assert.rejects(
    program.line(() => undefined, "what never comes"),
    /ended with 0, without what never/,
  );
});

test("Program: tells the exit code, the signal, and that there is no program", async () => {
  const failing = new Program(programs.bun[0], [programs.bun[1], "process.exit(3)"]);
  assert.deepEqual(await failing.exited, { code: 3, signal: null });
  const sleeping = new Program(denoProgram, ["eval", "setInterval(() => {}, 1000)"]);
  assert.deepEqual(await sleeping.stop("SIGKILL"), { code: null, signal: "SIGKILL" });
  const missing = new Program("./no-such-program", []);
  assert.equal((await missing.exited).code, 127);
});

test("waitFor: gives the value, or says what it waited for", async () => {
  let count = 0;
  assert.equal(await waitFor(() => ++count > 2 && count), 3);
  await assert.rejects(
    waitFor(() => undefined, { deadline: 30, what: "Godot" }),
    /waited \d+ ms in vain for: Godot/,
  );
  await assert.rejects(within(new Promise(() => {}), { deadline: 30, what: "Godot" }), /Godot/);
  assert.equal(await within(Promise.resolve(1)), 1);
});

test("writeWhole: a reader that is slower gets every byte, from each runtime", async () => {
  const lines = 20_000;
  const script = (path: string): string =>
    `import { writeWhole } from "${process.cwd()}/${path}";
     writeWhole(("x".repeat(199) + "\\n").repeat(${lines}));`;
  const typescript = script("test/support/process/write-whole.ts");
  const onNode = script("dist/js/test/support/process/write-whole.js");
  const commands: readonly (readonly [string, ...string[]])[] = [
    [bunProgram, "-e", typescript],
    [denoProgram, "eval", typescript],
    // Whoever looks at its own output once has a pipe that does not block.
    [nodeProgram(), "--input-type=module", "-e", `process.stdout; ${onNode}`],
  ];
  for (const [program, ...args] of commands) {
    const writer = new Program(program, args);
    assert.deepEqual(await writer.exited, { code: 0, signal: null }, writer.output.slice(-500));
    assert.equal(writer.lines.filter((line) => line.length === 199).length, lines, program);
  }
});

test("freePort: a port that can be listened on, and that no client is given", async () => {
  const port = await freePort();
  assert.ok(port > 1_023 && port < 32_768);
});

test("onFreePort: a port that another has bound meanwhile is left to it", async () => {
  await using other = net.createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port: taken } = other.address() as net.AddressInfo;
  const tried: number[] = [];
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      tried.push(port);
      const server = net.createServer();
      server.once("error", reject);
      server.listen(tried.length === 1 ? taken : port, "127.0.0.1", () => {
        server.close(() => resolve(port));
      });
    });
  const isInUse = (error: unknown): boolean => String(error).includes("EADDRINUSE");
  assert.equal(await onFreePort(listen, isInUse), tried[1]);
  assert.equal(tried.length, 2);
});

test("freePort: nobody else gets a port until its process ends", async (context) => {
  const taken = await freePort();
  const chance = (port: number): number => (port - 10_240) / 22_528 + 1e-6;
  const draws = [taken, taken, taken + 1].map(chance);
  const random = Math.random;
  Math.random = () => draws.shift() ?? random();
  context.after(() => {
    Math.random = random;
  });
  assert.notEqual(await freePort(), taken, "it could be bound");
  const script = `
    import { freePort } from "${process.cwd()}/test/support/process/free-port.ts";
    const draws = [${chance(taken)}, ${chance(taken)}];
    const random = Math.random;
    Math.random = () => draws.shift() ?? random();
    console.log(await freePort());
    process.kill(process.pid, "SIGKILL");`;
  const other = new Program(bunProgram, ["-e", script]);
  await other.exited;
  const given = Number(other.lines[0]);
  assert.ok(given > 0 && given !== taken, other.output);
  // It ended without a word: what it had is free again.
  draws.splice(0, draws.length, chance(given));
  assert.equal(await freePort(), given);
});

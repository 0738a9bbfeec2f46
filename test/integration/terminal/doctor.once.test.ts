import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { after, describe, test } from "node:test";
import { startGuardedBroker, word } from "../../support/broker/access-rules.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import {
  type GatewayRuntime,
  gatewayCommand,
  gatewayRuntimes,
  spawnCommand,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { freePort, Program } from "../../support/process/spawn.ts";

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly said: string;
  readonly advice?: string;
}

interface Examined {
  readonly code: number | null;
  readonly output: string;
  readonly findings: readonly Finding[];
}

const [anyRuntime = "node"] = gatewayRuntimes;
const freePorts = ["--port", "0", "--admin-port", "0"];

function spawnDoctor(words: readonly string[], runtime: GatewayRuntime = anyRuntime): Program {
  return spawnCommand(["doctor", ...freePorts, ...words], { runtime });
}

async function examine(words: readonly string[], runtime?: GatewayRuntime): Promise<Examined> {
  const doctor = spawnDoctor([...words, "--json"], runtime);
  const { code } = await doctor.exited;
  return { code, output: doctor.output, findings: JSON.parse(doctor.output) };
}

function statusOf({ findings }: Examined, check: string): string[] {
  return findings.filter((finding) => finding.check === check).map(({ status }) => status);
}

function failuresOf({ findings }: Examined): readonly Finding[] {
  return findings.filter(({ status }) => status === "failed");
}

describe("doctor", { concurrency: 4 }, () => {
  for (const runtime of gatewayRuntimes) {
    test(`doctor finds nothing wrong with the rules of the docs, on ${runtime}`, async () => {
      const guarded = await startGuardedBroker(false);
      after(() => guarded.end());
      const roles = ["--as-origin", `shop-1:${word}`, "--as-device", `sensor-1:${word}`];
      const words = ["--broker", guarded.url("edge-1"), "--node-name", "edge-1", ...roles];
      const examined = await examine(words, runtime);
      assert.deepEqual(failuresOf(examined), []);
      assert.equal(examined.code, 0);
      for (const check of ["connect", "presence", "retained", "commands", "groups", "events"]) {
        assert.deepEqual(statusOf(examined, check), ["ok"], check);
      }
      assert.deepEqual(statusOf(examined, "origin"), ["ok", "ok"]);
      assert.deepEqual(statusOf(examined, "rules"), Array(6).fill("ok"));
      // The broker is as it was: no presence of the doctor's own is stored.
      const again = await examine(words);
      assert.ok(!again.output.includes("a node edge-1 runs"), again.output);
    });
  }

  test("doctor names the rule that a node lacks", async () => {
    const guarded = await startGuardedBroker(false);
    after(() => guarded.end());
    await guarded.forbid("topic write wss/v1/default/events/+/edge-1");
    await guarded.forbid("topic read wss/v1/default/nodes/edge-1/commands/+");
    const words = ["--broker", guarded.url("edge-1"), "--node-name", "edge-1"];
    const examined = await examine(words);
    assert.equal(examined.code, 1);
    const failures = failuresOf(examined);
    assert.deepEqual(failures.map(({ check }) => check).sort(), ["commands", "events"]);
    assert.deepEqual(failures.map(({ advice }) => advice).sort(), [
      "let this user write wss/v1/default/events/0/edge-1",
      "let this user write wss/v1/default/nodes/edge-1/commands/edge-1 and read " +
        "wss/v1/default/nodes/edge-1/commands/+",
    ]);
  });

  test("doctor finds what lets a device or an origin play another role", async () => {
    const guarded = await startGuardedBroker(false);
    after(() => guarded.end());
    await guarded.allow("sensor-1", "topic readwrite wss/v1/default/#");
    await guarded.allow("shop-1", "topic write wss/v1/default/nodes/+/commands/+");
    const roles = ["--as-origin", `shop-1:${word}`, "--as-device", `sensor-1:${word}`];
    for (const version of ["5", "4"]) {
      const words = ["--broker", guarded.url("edge-1"), "--node-name", "edge-1", ...roles];
      const examined = await examine([...words, "--mqtt-version", version]);
      assert.equal(examined.code, 1);
      const said = failuresOf(examined).map((failure) => failure.said);
      const has = (pattern: RegExp): void =>
        assert.ok(
          said.some((text) => pattern.test(text)),
          `${pattern}: ${said.join("\n")}`,
        );
      has(/^origin shop-1 can play another origin/);
      has(/^device sensor-1 can send commands to any client/);
      has(/^device sensor-1 can read what clients send/);
      if (version === "5") has(/^device sensor-1 can play a node/);
      assert.ok(!said.some((text) => text.startsWith("origin shop-1 can play a node")));
    }
  });

  test("doctor leaves the presence of a node that runs alone", async () => {
    await using broker = await Mosquitto.start();
    const flags = ["--broker", broker.url(), "--node-name", "edge-1"];
    const gateway = await startGateway({ flags });
    const { adminPort, port } = gateway.info;
    const ports = ["--port", String(port), "--admin-port", String(adminPort)];
    const examined = await examine([...flags, ...ports]);
    assert.deepEqual(failuresOf(examined), []);
    assert.deepEqual(statusOf(examined, "node"), ["ok"]);
    assert.deepEqual(statusOf(examined, `port ${port}`), ["warning"]);
    assert.ok(!gateway.log.some(({ level }) => level !== "info"), gateway.output);
  });

  test("doctor compares the broker's packet limit with --max-message-size", async () => {
    await using broker = await Mosquitto.start({ config: ["max_packet_size 100000"] });
    const tooSmall = await examine(["--broker", broker.url()]);
    const [failure, ...more] = failuresOf(tooSmall);
    assert.equal(failure?.check, "packets");
    assert.match(
      failure?.advice ?? "",
      /^raise the broker's limit to \d+ bytes, or lower --max-m/,
    );
    assert.equal(more.length, 0);
    const fits = await examine(["--broker", broker.url(), "--max-message-size", "64KiB"]);
    assert.deepEqual(statusOf(fits, "packets"), ["ok"]);
  });

  test("doctor says why a broker cannot be used, without its password", async () => {
    await using broker = await Mosquitto.start({ users: { right: "word" } });
    const refused = spawnDoctor(["--broker", broker.url("right", "hush-hush")]);
    assert.equal((await refused.exited).code, 1);
    assert.match(refused.output, /^FAILED {3}connect .*\n +→ check user and password/m);
    assert.match(refused.output, /^1 failed$/m);
    const away = await examine(["--broker", `mqtt://a:hush-hush@127.0.0.1:${await freePort()}`]);
    assert.equal(away.code, 1);
    assert.match(failuresOf(away)[0]?.said ?? "", /cannot be reached: .*ECONNREFUSED/);
    for (const { output } of [refused, away]) assert.doesNotMatch(output, /hush/);
  });

  test("doctor finds ports that are taken and certificates that expire soon", async () => {
    using authority = new Authority();
    const { certFile, keyFile } = authority.issue("gateway");
    const taken = createTcpServer().listen(0, "127.0.0.1");
    after(() => taken.close());
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    const flags = ["--host", "127.0.0.1", "--port", String(port), "--broker-port", "0"];
    const examined = await examine([...flags, "--tls-cert", certFile, "--tls-key", keyFile]);
    assert.equal(examined.code, 1);
    assert.deepEqual(
      failuresOf(examined).map(({ check }) => check),
      [`port ${port}`],
    );
    assert.deepEqual(statusOf(examined, "certificate"), ["warning"]);
    // The embedded broker does not run: there is none to try.
    assert.deepEqual(statusOf(examined, "connect"), ["unknown"]);
  });

  test("doctor warns of a limit of open files that is below --max-connections", {
    skip: process.platform !== "linux",
  }, async () => {
    const [program, ...first] = gatewayCommand(anyRuntime);
    const words = ["doctor", ...freePorts, "--broker-port", "0", "--json"];
    const limited = ["-c", 'ulimit -n 2000; exec "$@"', "sh", program, ...first, ...words];
    for (const [wanted, status] of [
      [3_000, "warning"],
      [1_000, "ok"],
    ] as const) {
      const doctor = new Program("sh", [...limited, "--max-connections", String(wanted)]);
      after(() => doctor[Symbol.asyncDispose]());
      const { code } = await doctor.exited;
      const findings: Finding[] = JSON.parse(doctor.output);
      const found = findings.filter(({ check }) => check === "descriptors");
      assert.deepEqual([code, found.map((one) => one.status)], [0, [status]], doctor.output);
    }
  });

  test("doctor looks at the certificate of an mqtts:// broker", async () => {
    using authority = new Authority();
    const server = authority.issue("127.0.0.1");
    const lines = [`certfile ${server.certFile}`, `keyfile ${server.keyFile}`];
    await using broker = await Mosquitto.start({ config: lines });
    const url = broker.url().replace("mqtt:", "mqtts:");
    const trusted = await examine(["--broker", url, "--mqtt-ca", authority.caFile]);
    assert.deepEqual(failuresOf(trusted), []);
    // That of --mqtt-ca, and that of the broker: both are for two days.
    assert.deepEqual(statusOf(trusted, "certificate"), ["warning", "warning"]);
    const unknown = await examine(["--broker", url]);
    assert.deepEqual(
      failuresOf(unknown).map(({ check }) => check),
      ["connect"],
    );
  });

  test("doctor compares its clock with that of the server of --jwt-jwks", async () => {
    let skewMs = 0;
    let statusCode = 200;
    const logins: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      logins.push(request.headers.authorization);
      response.statusCode = statusCode;
      response.setHeader("date", new Date(Date.now() + skewMs).toUTCString());
      response.end('{"keys":[]}');
    }).listen(0, "127.0.0.1");
    after(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const url = `http://127.0.0.1:${port}/keys`;
    const words = ["--broker-port", "0", "--authorize", "jwt", "--jwt-jwks", url];
    assert.deepEqual(statusOf(await examine(words), "clock"), ["ok"]);
    for (const hours of [1, -1]) {
      skewMs = hours * 3_600_000;
      const examined = await examine(words);
      assert.equal(examined.code, 1);
      const [failure] = failuresOf(examined);
      assert.match(failure?.said ?? "", hours > 0 ? /s behind that of/ : /s ahead of that of/);
    }
    statusCode = 404;
    const [failure] = failuresOf(await examine(words));
    assert.deepEqual([failure?.check, failure?.said], ["keys", "--jwt-jwks answers 404"]);
    const login = words.map((one) => one.replace("http://", "http://ada:secret@"));
    assert.match((await examine(login)).output, /--jwt-jwks answers 404/);
    assert.equal(logins.at(-1), `Basic ${btoa("ada:secret")}`);
    const closed = login.map((one) => one.replace(`:${port}/`, ":1/"));
    const { output } = await examine(closed);
    assert.match(output, /--jwt-jwks cannot be fetched: /);
    assert.doesNotMatch(output, /secret/);
  });

  test("doctor with a wrong setting is wrong usage", async () => {
    const doctor = spawnDoctor(["--broker", "mqtt://h", "--as-origin", "no-password"]);
    assert.equal((await doctor.exited).code, 2);
    assert.match(
      doctor.output,
      /^--as-origin: the given value is not allowed; it must be USER:PASS/,
    );
    const alone = spawnDoctor(["--as-origin", "a:b"]);
    assert.equal((await alone.exited).code, 2);
    assert.match(alone.output, /^--as-origin and --as-device need --broker/);
  });
});

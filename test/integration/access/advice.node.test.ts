import assert from "node:assert/strict";
import { test } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { gatewayRuntimes, spawnGateway, startGateway } from "../../support/gateway/gateway.ts";
import { secret } from "../../support/keys/tokens.ts";
import { waitFor } from "../../support/process/wait.ts";

type Running = Awaited<ReturnType<typeof startGateway>>;

async function statusFor(gateway: Running, Origin: string | undefined): Promise<number> {
  const client = await RawClient.connect(gateway.info.port);
  client.write(handshakeText({ headers: { Host: "shop.example:8080", Origin } }));
  const { statusCode } = await client.answer();
  client.destroy();
  return statusCode;
}

/** The sentences of a start, each of which is a warning. */
function adviceOf(gateway: Running): string[] {
  const lines = gateway.log.filter(({ event }) => event === "setting-advice");
  for (const { level } of lines) assert.equal(level, "warn");
  return lines.map(({ message }) => String(message));
}

const cookieFlags: readonly (readonly string[])[] = [
  ["--cookies", "session"],
  ["--headers", "host,Cookie"],
];

for (const runtime of gatewayRuntimes) {
  test(`cookies, no allowed-origins: the same host alone, on ${runtime}`, async () => {
    const flags = ["--cookies", "session"];
    const gateway = await startGateway({ runtime, flags });
    assert.equal(await statusFor(gateway, "https://evil.example"), 403);
    assert.equal(await statusFor(gateway, "http://shop.example"), 403);
    assert.equal(await statusFor(gateway, "http://shop.example:8080.evil.example"), 403);
    assert.equal(await statusFor(gateway, "null"), 403);
    assert.equal(await statusFor(gateway, "http://shop.example:8080"), 101);
    assert.equal(await statusFor(gateway, undefined), 101);
    const [line, ...more] = adviceOf(gateway);
    assert.match(line ?? "", /--allowed-origins is empty: only pages of the host/);
    assert.equal(more.length, 0);
  });
}

test("so do a cookie header and a token in a cookie; * means every page", async () => {
  const jwt = ["--authorize", "jwt", "--jwt-secret", secret, "--jwt-from", "cookie:session"];
  for (const flags of [cookieFlags[1] ?? [], jwt]) {
    const gateway = await startGateway({ flags });
    assert.equal(await statusFor(gateway, "https://evil.example"), 403);
    assert.ok(adviceOf(gateway).some((line) => line.includes("--allowed-origins is empty")));
  }
  const meant = [...(cookieFlags[0] ?? []), "--allowed-origins", "*"];
  const gateway = await startGateway({ flags: meant });
  assert.equal(await statusFor(gateway, "https://anywhere.example"), 101);
  assert.deepEqual(adviceOf(gateway), []);
});

test("tokens of any issuer and audience get a warning each, unless meant", async () => {
  const jwt = ["--authorize", "jwt", "--jwt-secret", secret];
  const silent = await startGateway({ flags: jwt });
  const [audience, issuer, ...more] = adviceOf(silent);
  assert.match(audience ?? "", /set --jwt-audience, or --jwt-any-audience/);
  assert.match(issuer ?? "", /set --jwt-issuer, or --jwt-any-issuer/);
  assert.equal(more.length, 0);
  const set = ["--jwt-issuer", "https://me.example", "--jwt-any-audience"];
  assert.deepEqual(adviceOf(await startGateway({ flags: [...jwt, ...set] })), []);
});

test("a password in clear and proxies that are everybody get a line each", async () => {
  const broker = "mqtt://n:secret-word@192.0.2.1:1883,mqtt://n:secret-word@127.0.0.1:1";
  const flags = ["--broker", broker, "--trusted-proxies", "10.0.0.1,::/0", "--check-config"];
  const gateway = spawnGateway({ flags });
  assert.equal((await gateway.exited).code, 0);
  const lines = gateway.log.filter(({ event }) => event === "setting-advice");
  assert.equal(lines.length, 2, JSON.stringify(lines));
  const [password, proxies] = lines.map(({ message }) => String(message));
  assert.match(password ?? "", /^the password for the broker at 192\.0\.2\.1 travels unencrypted/);
  assert.match(proxies ?? "", /^--trusted-proxies trusts every address/);
  const safe = ["--broker", "mqtts://n:secret@192.0.2.1", "--trusted-proxies", "10.0.0.0/8"];
  const quiet = spawnGateway({ flags: [...safe, "--check-config"] });
  assert.equal((await quiet.exited).code, 0);
  assert.deepEqual(quiet.log, []);
});

for (const runtime of gatewayRuntimes) {
  test(`SIGHUP without a certificate ends no process, on ${runtime}`, async () => {
    const gateway = await startGateway({ runtime });
    const client = await RawClient.open(gateway.info.port);
    gateway.kill("SIGHUP");
    await gateway.event("hangup-ignored");
    client.send({ opcode: 9, payload: "alive" });
    assert.equal((await client.frame()).payload.toString(), "alive");
    client.destroy();
    assert.equal((await gateway.stop()).code, 0);
  });
}

for (const runtime of gatewayRuntimes) {
  test(`a line for every open and close, on ${runtime}`, async () => {
    const flags = ["--log-connections", "--log-level", "info"];
    const gateway = await startGateway({ runtime, flags });
    const many = 30;
    const clients: RawClient[] = [];
    for (let count = 0; count < many; count++)
      clients.push(await RawClient.open(gateway.info.port));
    for (const client of clients) client.send({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) });
    const lines = (event: string): Record<string, unknown>[] =>
      gateway.log.filter((line) => line.event === event);
    await waitFor(() => lines("connection-closed").length === many);
    const opened = lines("connection-opened");
    assert.equal(new Set(opened.map(({ connection }) => connection)).size, many);
    for (const line of [...opened, ...lines("connection-closed")]) {
      assert.deepEqual([line.level, line.address, line.app], ["info", "127.0.0.1", "default"]);
    }
    for (const { cause, closeCode } of lines("connection-closed")) {
      assert.deepEqual([cause, closeCode], ["client", 1000]);
    }
    for (const client of clients) client.destroy();
  });
}

test("the same lines stand at debug unless log-connections asks for them", async () => {
  for (const [level, expected] of [
    ["debug", "debug"],
    ["info", undefined],
  ] as const) {
    const gateway = await startGateway({ flags: ["--log-level", level] });
    (await RawClient.open(gateway.info.port)).destroy();
    await gateway.stop();
    const line = gateway.log.find(({ event }) => event === "connection-closed");
    assert.equal(line?.level, expected);
  }
});

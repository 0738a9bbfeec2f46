import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec, CodecOptions, HandshakeAnswer } from "../../../core/ports/mod.ts";
import { type Block, blocksOf, readPage } from "../../support/docs/docs.ts";
import type { MemorySocket } from "../../support/memory/mod.ts";
import { batchValue, upgradeRequest } from "../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../support/memory-node/node-rig.ts";
import { codecMakers } from "../../vectors/codecs.ts";

/** The page's connections, in the order in which they come. */
const shownIds = [
  "n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc",
  "n1.AAABm0cD8sWbUe6Kt1yQh5ZrGo",
  "n1.AAACk9Tq2LwEoV7xRb4NyDhJuF",
] as const;

/** JSON blocks of events and commands below one heading of a page, to its end. */
function story(file: string, from: string): Block[] {
  const heading = readPage(file).split("\n").indexOf(from);
  assert.ok(heading > 0, `${file} has no ${from}`);
  return blocksOf(file).filter(
    ({ line, language, subject }) => line > heading && language === "json" && subject !== "",
  );
}

const authorisation = story("docs/protocol/handshakes.md", "## Authorisation");
const groupsAndState = story("docs/protocol/commands.md", "## Groups");

function itemsOf(batch: unknown): unknown[][] {
  const [version] = batch as unknown[];
  return version === 1 ? (batch as [1, string, number, unknown[][]])[3] : (batch as unknown[][]);
}

/** One node in memory whose ids are told as the page's. */
class Stage extends NodeRig {
  #events: unknown[][] = [];
  readonly #ids: string[] = [];

  constructor(codec: (options: CodecOptions) => Codec) {
    const options = {
      node: "n1",
      mode: "open",
      authorize: "origin",
      subprotocols: ["v1"],
      cookies: ["session"],
      routes: [{ pattern: "/chat/:room", app: "default" }],
    } as const;
    super(options, { codec });
    this.broker.onEvents(({ batch }) => {
      for (const item of itemsOf(batchValue(batch))) {
        if (item[0] === "connect") this.#ids.push(String(item[1]));
        this.#events.push(item);
      }
    });
  }

  /** Everything that is under way arrives. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 5; turns++) await this.rest();
  }

  /** A client knocks; what it will be told. */
  knock(): Promise<HandshakeAnswer> {
    const headers = { cookie: "session=s3cr3t", "sec-websocket-protocol": "v1" };
    const request = upgradeRequest("/chat/blue", headers);
    return Promise.resolve(
      this.node.gateway.handshake({ ...request, remoteAddress: "203.0.113.7" }),
    );
  }

  async command(json: string): Promise<void> {
    const real = this.#ids.reduce((text, id, at) => text.replaceAll(shownIds[at]!, id), json);
    this.broker.command("default", "me", "n1", new TextEncoder().encode(real));
    await this.settle();
  }

  /** Events since the last call, with the ids of the page. */
  takeEvents(): unknown[][] {
    const text = JSON.stringify(this.#events);
    this.#events = [];
    return JSON.parse(
      this.#ids.reduce((all, id, at) => all.replaceAll(id, shownIds[at] as string), text),
    );
  }
}

async function enter(stage: Stage, answer: Promise<HandshakeAnswer>): Promise<MemorySocket> {
  const admission = await answer;
  assert.ok(admission.accepted);
  const socket = stage.node.open(admission);
  await stage.settle();
  return socket;
}

for (const [name, create] of codecMakers) {
  test(`a gateway answers the page's commands with the page's events: ${name}`, async () => {
    const stage = new Stage(create);
    await stage.node.gateway.start();
    const sockets: MemorySocket[] = [];
    for (const id of shownIds.slice(0, 2)) {
      const answer = stage.knock();
      await stage.settle();
      await stage.command(JSON.stringify([["accept", id]]));
      sockets.push(await enter(stage, answer));
    }
    stage.takeEvents();
    const third = stage.knock();
    await stage.settle();
    let compared = 0;
    for (const { page, subject, body, line } of [...authorisation, ...groupsAndState]) {
      const [[verb] = []] = itemsOf(JSON.parse(body));
      if (subject === "event") {
        assert.deepEqual(stage.takeEvents(), itemsOf(JSON.parse(body)), `${page}:${line}`);
        compared++;
        continue;
      }
      await stage.command(body);
      if (verb === "accept") sockets.push(await enter(stage, third));
      if (verb === "state") {
        sockets[2]?.receive("pay");
        await stage.settle();
      }
      // What has no reply on the page has none.
      if (verb === "renew") assert.deepEqual(stage.takeEvents(), []);
    }
    assert.equal(compared, 7);
    const said = { type: "message", data: "hi all" };
    const found = sockets.map(({ delivered }) => delivered);
    assert.deepEqual(found, [[], [said], [said]]);
  });

  test(`a handshake that is refused as shown gets that answer: ${name}`, async () => {
    const stage = new Stage(create);
    await stage.node.gateway.start();
    const answer = stage.knock();
    await stage.settle();
    const reject = authorisation.find(({ body }) => body.includes('"reject"'));
    await stage.command((reject?.body ?? "").replace(shownIds[2], shownIds[0]));
    const refusal = await answer;
    assert.ok(!refusal.accepted);
    assert.deepEqual([refusal.statusCode, refusal.body], [401, "who are you?"]);
    assert.equal(refusal.headers["www-authenticate"], "Basic");
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import {
  type AddressRange,
  type ErrorCode,
  parseAddressRange,
} from "../../../../core/base/mod.ts";
import type { Authorizer, HandshakeAnswer } from "../../../../core/ports/mod.ts";
import { refuse } from "../../../../core/websocket/mod.ts";
import type { SaidOptions } from "../../../support/memory-node/gateway-options.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";
import { type Item, upgradeRequest } from "../../../support/memory-node/memory-node.ts";

const path = "/chat/7";
const address = "192.0.2.9";
const ann = { user: "ann", groups: ["room"] };

/** A client behind a proxy, with a secret in its query, and the origin that is asked about it. */
class Client {
  readonly rig: HandshakeRig;
  answer: HandshakeAnswer | undefined;
  leave: () => void = () => {};

  constructor(rig: HandshakeRig) {
    this.rig = rig;
  }

  async ask(headers: Readonly<Record<string, string>> = {}, asked: string = path): Promise<void> {
    const request = {
      ...upgradeRequest(`${asked}?token=secret`, { "x-forwarded-for": address, ...headers }),
      onLeft: (left: () => void): void => {
        this.leave = left;
      },
    };
    void Promise.resolve(this.rig.node.gateway.handshake(request)).then((answer) => {
      this.answer = answer;
    });
    await this.rig.rest();
  }

  async open(): Promise<void> {
    await this.ask();
    assert.ok(this.answer?.accepted);
    this.rig.node.open(this.answer);
    await this.rig.rest();
  }

  /** The origin answers the latest `connect`. */
  async decide(verb: "accept" | "reject", ...rest: unknown[]): Promise<void> {
    const item: Item = [verb, this.rig.asked().at(-1), ...rest];
    this.rig.node.bus.local("chat", "o", encode([item]));
    await this.rig.rest();
    await this.rig.rest();
  }
}

/** A refusal, how it comes about, and what else its line says. */
type Case = readonly [
  code: ErrorCode,
  status: number,
  act: (client: Client) => Promise<void>,
  more?: SaidOptions & { readonly grants?: Authorizer["authorize"] },
  says?: { readonly app: undefined; readonly path: string },
];

const drain = async ({ rig }: Client): Promise<void> => {
  void rig.node.gateway.drain(0);
  await rig.rest();
};

const askTwice = async (client: Client): Promise<void> => {
  await client.ask();
  await client.ask();
};

const openAndAsk = async (client: Client): Promise<void> => {
  await client.open();
  await client.ask();
};

/** A client asks, and then this happens. */
const asks =
  (then: (client: Client) => Promise<void>) =>
  async (client: Client): Promise<void> => {
    await client.ask();
    await then(client);
  };

/** Something happens while the broker is away, and it comes back. */
const outage =
  (act: (client: Client) => Promise<void>) =>
  async (client: Client): Promise<void> => {
    const { broker } = client.rig;
    broker.up = false;
    await act(client);
    broker.up = true;
    await client.rig.rest();
  };

const leave = async ({ leave, rig }: Client): Promise<void> => {
  leave();
  await rig.rest();
};

const none = { authorize: "none" } as const;
const jwt = { authorize: "jwt" } as const;

/** The request alone or the node decides: nobody is asked, so there is no connection to name. */
const unasked: readonly Case[] = [
  ["handshake-version", 426, (client) => client.ask({ "sec-websocket-version": "12" })],
  [
    "route-unknown",
    404,
    (client) => client.ask({}, "/other"),
    {},
    { app: undefined, path: "/other" },
  ],
  [
    "origin-not-allowed",
    403,
    (client) => client.ask({ origin: "https://evil.example" }),
    { allowedOrigins: ["https://good.example"] },
  ],
  ["draining", 503, (client) => drain(client).then(() => client.ask())],
  ["connections-full", 503, (client) => client.ask(), { connectionsMax: 0 }],
  ["connections-per-ip", 503, openAndAsk, { ...none, guard: { connectionsPerIpMax: 1 } }],
  ["window-full", 503, outage(openAndAsk), { ...none, windowBytesMax: 1 }],
  ["handshakes-per-ip", 429, askTwice, { handshakesPerIpMax: 1 }],
  ["handshake-rate", 429, askTwice, { handshakesPerIpPerSecondMax: 1 }],
];

/** Somebody is asked: the line names the connection as the origin knows it from `connect`. */
const asked: readonly Case[] = [
  ["no-origin", 503, (client) => client.ask(), { mode: "assigned" }],
  ["handshake-rejected", 403, asks((client) => client.decide("reject", 403, "not you"))],
  ["handshake-grant", 500, asks((client) => client.decide("accept", { user: 7 }))],
  ["authorize-timeout", 504, asks((client) => client.rig.wait(5_000))],
  ["draining", 503, asks(drain)],
  ["handshake-left", 400, asks(leave)],
  [
    "token-invalid",
    401,
    (client) => client.ask(),
    { ...jwt, grants: async () => refuse(401, "token-invalid", "not signed") },
  ],
];

/** Authorisation gave a user, and the handshake is refused all the same. */
const granted: readonly Case[] = [
  [
    "group-limit",
    500,
    asks((client) => client.decide("accept", ann)),
    { groupsPerConnectionMax: 0 },
  ],
  [
    "group-refused",
    503,
    asks((client) => {
      client.rig.broker.refusedGroups.add("chat/room");
      return client.decide("accept", ann);
    }),
  ],
  [
    "draining",
    503,
    asks(outage((client) => client.decide("accept", ann).then(() => drain(client)))),
  ],
  [
    "handshake-left",
    400,
    outage(asks(leave)),
    { ...jwt, grants: async () => ({ accepted: true, grant: ann }) },
  ],
];

const trustedProxies = [parseAddressRange("192.0.2.1")] as AddressRange[];

async function lineOf([, , act, { grants, ...options } = {}]: Case): Promise<
  [HandshakeRig, unknown]
> {
  const routes = [{ pattern: "/chat/*", app: "chat" }];
  const parts = grants === undefined ? {} : { authorize: grants };
  const rig = await HandshakeRig.start({ routes, trustedProxies, ...options }, parts);
  await act(new Client(rig));
  assert.ok(!JSON.stringify(rig.node.logger.records).includes("secret"));
  return [rig, rig.node.logger.of("handshake-refused").at(-1)?.fields];
}

for (const one of unasked) {
  const [code, status, , , says] = one;
  test(`the line of ${code}, where nobody was asked, says who it was`, async () => {
    const who = { address, app: "chat", path, user: undefined, connection: undefined };
    const [, line] = await lineOf(one);
    assert.deepEqual(line, { code, status, ...who, ...says });
  });
}

for (const [cases, user] of [
  [asked, undefined],
  [granted, "ann"],
] as const) {
  for (const one of cases) {
    const [code, status] = one;
    test(`the line of ${code}, user ${user}, names connection and user`, async () => {
      const [rig, line] = await lineOf(one);
      const { connection } = line as { connection: string };
      assert.deepEqual(line, { code, status, address, app: "chat", path, user, connection });
      assert.match(connection, /^n\..+/);
      if (rig.asked().length > 0) assert.equal(connection, rig.asked().at(-1));
    });
  }
}

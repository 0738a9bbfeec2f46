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

interface Case {
  readonly code: ErrorCode;
  readonly status: number;
  readonly options?: SaidOptions;
  readonly authorize?: Authorizer["authorize"];
  readonly act: (client: Client) => Promise<void>;
  /** What the line says besides code, status, address, app `chat` and path. */
  readonly says?: { readonly app: undefined; readonly path: string };
}

const none = { authorize: "none" } as const;
const jwt = { authorize: "jwt" } as const;

/** The request alone or the node decides: nobody is asked, so there is no connection to name. */
const unasked: readonly Case[] = [
  {
    code: "handshake-version",
    status: 426,
    act: (client) => client.ask({ "sec-websocket-version": "12" }),
  },
  {
    code: "route-unknown",
    status: 404,
    act: (client) => client.ask({}, "/other"),
    says: { app: undefined, path: "/other" },
  },
  {
    code: "origin-not-allowed",
    status: 403,
    options: { allowedOrigins: ["https://good.example"] },
    act: (client) => client.ask({ origin: "https://evil.example" }),
  },
  {
    code: "draining",
    status: 503,
    act: async (client) => {
      void client.rig.node.gateway.drain(0);
      await client.ask();
    },
  },
  {
    code: "connections-full",
    status: 503,
    options: { connectionsMax: 0 },
    act: (client) => client.ask(),
  },
  {
    code: "connections-per-ip",
    status: 503,
    options: { ...none, guard: { connectionsPerIpMax: 1 } },
    act: async (client) => {
      await client.open();
      await client.ask();
    },
  },
  {
    code: "window-full",
    status: 503,
    options: { ...none, windowBytesMax: 1 },
    act: async (client) => {
      client.rig.broker.up = false;
      await client.open();
      await client.ask();
    },
  },
  {
    code: "handshakes-per-ip",
    status: 429,
    options: { handshakesPerIpMax: 1 },
    act: async (client) => {
      await client.ask();
      await client.ask();
    },
  },
  {
    code: "handshake-rate",
    status: 429,
    options: { handshakesPerIpPerSecondMax: 1 },
    act: async (client) => {
      await client.ask();
      await client.ask();
    },
  },
];

/** Somebody is asked: the line names the connection as the origin knows it from `connect`. */
const asked: readonly Case[] = [
  {
    code: "no-origin",
    status: 503,
    options: { mode: "assigned" },
    act: (client) => client.ask(),
  },
  {
    code: "handshake-rejected",
    status: 403,
    act: async (client) => {
      await client.ask();
      await client.decide("reject", 403, "not you");
    },
  },
  {
    code: "handshake-grant",
    status: 500,
    act: async (client) => {
      await client.ask();
      await client.decide("accept", { user: 7 });
    },
  },
  {
    code: "authorize-timeout",
    status: 504,
    act: async (client) => {
      await client.ask();
      await client.rig.wait(5_000);
    },
  },
  {
    code: "draining",
    status: 503,
    act: async (client) => {
      await client.ask();
      void client.rig.node.gateway.drain(0);
      await client.rig.rest();
    },
  },
  {
    code: "handshake-left",
    status: 400,
    act: async (client) => {
      await client.ask();
      client.leave();
      await client.rig.rest();
    },
  },
  {
    code: "token-invalid",
    status: 401,
    options: jwt,
    authorize: async () => refuse(401, "token-invalid", "not signed"),
    act: (client) => client.ask(),
  },
];

/** Authorisation gave a user, and the handshake is refused all the same. */
const granted: readonly Case[] = [
  {
    code: "group-limit",
    status: 500,
    options: { groupsPerConnectionMax: 0 },
    act: async (client) => {
      await client.ask();
      await client.decide("accept", ann);
    },
  },
  {
    code: "group-refused",
    status: 503,
    act: async (client) => {
      client.rig.broker.refusedGroups.add("chat/room");
      await client.ask();
      await client.decide("accept", ann);
    },
  },
  {
    code: "draining",
    status: 503,
    act: async (client) => {
      await client.ask();
      client.rig.broker.up = false;
      await client.decide("accept", ann);
      void client.rig.node.gateway.drain(0);
      client.rig.broker.up = true;
      await client.rig.rest();
    },
  },
  {
    code: "handshake-left",
    status: 400,
    options: jwt,
    authorize: async () => ({ accepted: true, grant: ann }),
    act: async (client) => {
      client.rig.broker.up = false;
      await client.ask();
      client.leave();
      client.rig.broker.up = true;
      await client.rig.rest();
    },
  },
];

const trustedProxies = [parseAddressRange("192.0.2.1")] as AddressRange[];

async function lineOf({ options, authorize, act }: Case): Promise<[HandshakeRig, unknown]> {
  const routes = [{ pattern: "/chat/*", app: "chat" }];
  const parts = authorize === undefined ? {} : { authorize };
  const rig = await HandshakeRig.start({ routes, trustedProxies, ...options }, parts);
  await act(new Client(rig));
  assert.ok(!JSON.stringify(rig.node.logger.records).includes("secret"));
  return [rig, rig.node.logger.of("handshake-refused").at(-1)?.fields];
}

for (const one of unasked) {
  test(`the line of ${one.code}, where nobody was asked, says who it was`, async () => {
    const { code, status, says } = one;
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
    test(`the line of ${one.code}, user ${user}, names connection and user`, async () => {
      const [rig, line] = await lineOf(one);
      const { code, status } = one;
      const { connection } = line as { connection: string };
      const who = { address, app: "chat", path, user, connection };
      assert.deepEqual(line, { code, status, ...who });
      assert.match(connection, /^n\..+/);
      if (rig.asked().length > 0) assert.equal(connection, rig.asked().at(-1));
    });
  }
}

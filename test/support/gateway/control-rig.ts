import { Mosquitto } from "../broker/mosquitto.ts";
import { RawClient } from "../clients/raw-client.ts";
import { PlainOrigin } from "../origins/plain-origin.ts";
import {
  type GatewayProcess,
  type GatewayRuntime,
  type Started,
  startGateway,
} from "./gateway.ts";

export type RunningGateway = GatewayProcess & { readonly info: Started };

/** A client's end of a connection, and its id. */
export interface Member {
  readonly client: RawClient;
  readonly id: string;
}

/** Faults of a code that were counted so far. */
export function errorsOf(gateway: RunningGateway, code: string): Promise<number> {
  return metricOf(gateway, `wss_errors_total{code="${code}"}`);
}

/** A metric's value now. */
export async function metricOf(gateway: RunningGateway, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${gateway.info.adminPort}/metrics`);
  const line = (await response.text()).split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Two nodes with the apps `chat` and `shop`, mosquitto, and a plain origin of each app. */
export class ControlRig {
  readonly broker: Mosquitto;
  /** On the runtime and engine that are tested. */
  readonly gateway: RunningGateway;
  /** Always on Bun, engine native. */
  readonly other: RunningGateway;
  readonly origin: PlainOrigin;
  readonly stranger: PlainOrigin;

  private constructor(
    broker: Mosquitto,
    nodes: { readonly gateway: RunningGateway; readonly other: RunningGateway },
    origins: { readonly origin: PlainOrigin; readonly stranger: PlainOrigin },
  ) {
    this.broker = broker;
    this.gateway = nodes.gateway;
    this.other = nodes.other;
    this.origin = origins.origin;
    this.stranger = origins.stranger;
  }

  static async start(runtime: GatewayRuntime, engine: string): Promise<ControlRig> {
    const broker = await Mosquitto.start();
    const origin = await PlainOrigin.connect(broker.url(), "wss/v1/chat");
    const stranger = await PlainOrigin.connect(broker.url(), "wss/v1/shop");
    const flags = ["--broker", broker.url(), "--drain-period", "0ms", "--log-level", "debug"];
    flags.push("--routes", "/chat/:room=chat,/shop/*=shop", "--send-queue-size", "64KiB");
    flags.push("--max-publish-size", "96KiB");
    flags.push("--max-groups-per-connection", "3", "--presence-interval", "200ms");
    const [gateway, other] = await Promise.all([
      startGateway({ runtime, flags: [...flags, "--engine", engine], kept: true }),
      startGateway({ runtime: "bun", flags, kept: true }),
    ]);
    return new ControlRig(broker, { gateway, other }, { origin, stranger });
  }

  async stop(): Promise<void> {
    const { gateway, other, origin, stranger, broker } = this;
    await Promise.all([gateway[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
    await Promise.all([origin.end(), stranger.end()]);
    await broker[Symbol.asyncDispose]();
  }

  /** A new connection, in the app `chat` unless said otherwise. */
  async join(
    node: RunningGateway = this.gateway,
    at: PlainOrigin = this.origin,
    path = "/chat/a",
  ): Promise<Member> {
    const client = await RawClient.open(node.info.port, { path });
    const [, id] = await at.nextOf("open");
    return { client, id: id as string };
  }

  /** A new member of a group on each of these nodes. */
  async inGroup(group: string, ...nodes: RunningGateway[]): Promise<Member[]> {
    const members: Member[] = [];
    for (const node of nodes) {
      const member = await this.join(node);
      await this.origin.command(undefined, ["join", member.id, group, { ref: member.id }]);
      const outcome = (await this.origin.replyTo(member.id))[member.id];
      if (outcome !== "joined") throw new Error(`join: ${String(outcome)}`);
      members.push(member);
    }
    return members;
  }
}

export function leave(...members: Member[]): void {
  for (const { client } of members) client.destroy();
}

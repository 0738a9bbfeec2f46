import type { EchoLoad } from "../programs/load/echo-load.ts";
import { type Cost, spend } from "./costs.ts";
import { type Contestant, onNode } from "./processes.ts";
import { type Ours, type Stage, startOurs, startPeer } from "./stage.ts";

export interface EchoFigure {
  readonly messagesPerSecond: number;
  readonly cost: Cost;
  readonly roundTripMicroseconds: { readonly p50: number };
}

export interface Counted {
  readonly messages: number;
  readonly seconds: number;
  /** Of the load itself. */
  readonly cpuSeconds: number;
  readonly roundTripMicroseconds: { readonly p50: number };
}

/** Loads a port with echo traffic, from a process of its own. */
export async function generate(load: EchoLoad, counting: () => void = () => {}): Promise<Counted> {
  await using generator = onNode("load/echo-load", JSON.stringify(load));
  await generator.event("counting");
  counting();
  return (await generator.event("counted")) as unknown as Counted;
}

export type EchoSize = Omit<EchoLoad, "port" | "protocol">;

/** Loads a stage with echo traffic. */
export async function echo(stage: Stage, size: EchoSize): Promise<EchoFigure> {
  let spent: ReturnType<typeof spend> = () => ({});
  const load = { ...size, port: stage.ports[0]!, protocol: stage.protocol };
  const counted = await generate(load, () => {
    spent = spend(stage);
  });
  const { messages, seconds, cpuSeconds, roundTripMicroseconds } = counted;
  const cost = spent(messages, cpuSeconds);
  return { messagesPerSecond: messages / seconds, cost, roundTripMicroseconds };
}

/** An in-process echo on Node with `ws`. */
export async function wsEcho(size: EchoSize): Promise<EchoFigure> {
  await using stage = await startPeer("ws", "echo");
  return await echo(stage, size);
}

/** An echo by an origin that the gateway reaches over mosquitto. */
export async function throughEverything(
  contestant: Contestant | Ours,
  size: EchoSize,
): Promise<EchoFigure> {
  await using stage = await startOurs(contestant);
  return await echo(stage, size);
}

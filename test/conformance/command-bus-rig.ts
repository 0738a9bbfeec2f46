import type {
  CommandBus,
  CommandBusListener,
  CommandSource,
  GroupMessage,
  NodePresence,
} from "../../core/ports/mod.ts";

/** A node's presence as an origin reads it; undefined where it was cleared. */
export interface SeenPresence {
  readonly app: string;
  readonly node: string;
  readonly presence: NodePresence | undefined;
}

/** A cluster to test command buses in. */
export interface CommandBusRig {
  /** A new bus of a node that serves `apps`. */
  bus(node: string, apps: readonly string[]): Promise<CommandBus>;
  /** The process of this bus dies: nothing is said any more. Absent: it dies with its bus. */
  die?(bus: CommandBus): void;
  /** The buses lose their broker (true), and get it back (false). Absent: there is none. */
  outage?(down: boolean): void;
  /** Resolves when the bus is connected to each of its brokers, if it has several. */
  whole?(bus: CommandBus): Promise<void>;
  /** Anybody publishes a command batch, to one node or (undefined) to all. */
  command(app: string, node: string | undefined, payload: Uint8Array): void;
  /** Anybody publishes a command batch to a group. */
  groupCommand(app: string, group: string, payload: Uint8Array): void;
  /** Any device publishes the payload of a message to a group. */
  groupMessage(message: GroupMessage): void;
  /** Somebody else clears a node's retained presence. Absent: nobody can. */
  clearPresence?(app: string, node: string): void;
  /** What an outsider reads of nodes' presences from now on, retained ones first. */
  watchPresence(): Promise<readonly SeenPresence[]>;
  end(): Promise<void>;
}

/** What a bus told. */
export interface Received {
  readonly listener: CommandBusListener;
  readonly commands: { source: CommandSource; text: string }[];
  /** As `APP GROUP KIND TEXT`. */
  readonly messages: string[];
  readonly connected: boolean[];
  /** As `CODE TOPIC`. */
  readonly refused: string[];
  /** Forwards that did not get to the bus. */
  lost: number;
}

/** Listens, and keeps what it receives. */
export function recordingListener(): Received {
  const commands: Received["commands"] = [];
  const messages: string[] = [];
  const connected: boolean[] = [];
  const refused: string[] = [];
  const received = { commands, messages, connected, refused, lost: 0 };
  const listener: CommandBusListener = {
    commands: (source, payload) =>
      commands.push({ source, text: new TextDecoder().decode(payload) }),
    message: ({ app, group, kind, payload }) =>
      messages.push(`${app} ${group} ${kind} ${new TextDecoder().decode(payload)}`),
    connected: (now) => connected.push(now),
    refused: (code, topic) => refused.push(`${code} ${topic}`),
    lost: () => {
      received.lost++;
    },
  };
  return Object.assign(received, { listener });
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const app = "default";

export type WithRig = (what: string, body: (rig: CommandBusRig) => Promise<void>) => void;
export type Start = (
  rig: CommandBusRig,
  node: string,
  apps?: string[],
) => Promise<[CommandBus, Received]>;

import type { ErrorCode } from "../../core/base/mod.ts";
import type {
  ConnectionDetails,
  ConnectionView,
  Question,
  TailFilter,
  TailReceiver,
} from "../../core/inspect/mod.ts";
import type { Cancel } from "../../core/ports/mod.ts";

/** A node that can be asked: this process, or one of its workers. */
export interface AdminMember {
  readonly node: string;
  /** The answer has the form that belongs to the question. */
  ask(question: Question): Promise<unknown>;
  /**
   * Follows what passes, until it is cancelled. `interrupted` is called when the member's process
   * has ended: what passes until another one has its place is missed. Throws `requests-full`.
   */
  tail(filter: TailFilter, receive: TailReceiver, interrupted: () => void): Cancel;
}

/** A connection to a broker. */
export interface BrokerView {
  readonly node: string;
  /** `HOST:PORT`, or what the bus is called that is none. */
  readonly broker: string;
  /** What the connection is for. */
  readonly role: string;
  readonly up: boolean;
}

/** A node of the deployment, by its presence. */
export interface NodePresenceView {
  readonly node: string;
  readonly connections: number;
  readonly runtime: string;
  readonly version: string;
  readonly at: number;
  /** It is this process, or a worker of it. */
  readonly own: boolean;
}

/** What does not change while the process runs. */
export interface AdminIdentity {
  readonly node: string;
  readonly version: string;
  readonly runtime: string;
  readonly engine: string;
  /** In ms since the epoch. */
  readonly startedAt: number;
  /** 0 without workers. */
  readonly workers: number;
}

/** Sums over all labels of the counters that the overview shows, by name. */
export type Totals = Readonly<Record<string, number>>;

/** What the admin port reads. */
export interface AdminSource {
  readonly identity: AdminIdentity;
  /** Those that can be asked now. */
  members(): readonly AdminMember[];
  totals(): Promise<Totals>;
  /** Why new connections should go elsewhere; empty while the process is ready. */
  ready(): readonly string[] | Promise<readonly string[]>;
  brokers(): readonly BrokerView[];
  /** Undefined if the presences of other nodes cannot be read. */
  nodes(): Promise<readonly NodePresenceView[] | undefined>;
}

/** What became of a message or a close: `sent`, `closed`, `gone`, `slow`, or an error code. */
export type ActionOutcome = string;

/** What the admin port does, to connections of all nodes. */
export interface AdminActions {
  readonly apps: readonly string[];
  /** `app`: of the connection, if it is known. Rejects with `broker-lost` and others. */
  send(id: string, data: string | Uint8Array, app?: string): Promise<ActionOutcome>;
  close(id: string, reason: CloseRequest, app?: string): Promise<ActionOutcome>;
  /** How many members there were, by outcome. */
  publish(
    app: string,
    group: string,
    data: string | Uint8Array,
  ): Promise<Readonly<Record<string, unknown>>>;
  /** A connection of another node, as far as that node tells; undefined if it has none. */
  find(id: string): Promise<Partial<ConnectionDetails & ConnectionView> | undefined>;
}

export interface CloseRequest {
  readonly code: number;
  readonly reason: string;
}

/** What came of a reload: all of it, or nothing. */
export type ReloadAnswer =
  | {
      readonly reloaded: true;
      /** What has changed, in words. */
      readonly changed: readonly string[];
      /** Settings that changed too, and need a new start of the process. */
      readonly restart: readonly string[];
    }
  | { readonly reloaded: false; readonly code: ErrorCode; readonly message: string };

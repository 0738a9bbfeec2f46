/** What the admin port answers, as far as it is shown. Times are in ms since the epoch. */

export interface Overview {
  readonly node: string;
  readonly version: string;
  readonly runtime: string;
  readonly engine: string;
  readonly startedAt: number;
  readonly at: number;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly connections: number;
  /** Counters since the start. */
  readonly totals: Readonly<Record<string, number>>;
  readonly nodes: readonly OverviewNode[];
}

export interface OverviewNode {
  readonly node: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly connections: number;
  readonly handshakesWaiting: number;
}

export interface Destination {
  readonly app: string;
  readonly node: string;
  readonly kind: string;
  readonly name: string;
  readonly connections: number;
  readonly fill: number;
  readonly lagMs: number;
  readonly paused: number;
}

export interface BrokerLink {
  readonly node: string;
  readonly broker: string;
  readonly role: string;
  readonly up: boolean;
}

export interface ConnectionRow {
  readonly id: string;
  readonly app: string;
  readonly path?: string;
  readonly user?: string;
  readonly address: string;
  readonly groups?: readonly string[];
  readonly openedAt: number;
  readonly lastActiveAt?: number;
  readonly bytesWaiting: number;
  readonly state: string;
  readonly origin?: string;
}

export interface ConnectionsPage {
  readonly connections: readonly ConnectionRow[];
  readonly next?: string;
}

export interface TailLine {
  readonly at: number;
  readonly kind: string;
  readonly verb: string;
  readonly connection?: string;
  readonly seq?: number;
  readonly group?: string;
  readonly sender?: string;
  readonly bytes?: number;
  readonly text?: string;
  readonly binary?: string;
  readonly cut?: boolean;
  readonly details?: readonly unknown[];
}

/** One server of a broker, on a port of 127.0.0.1. */
export interface BrokerServer {
  readonly port: number;
  /** User and password for a URL. */
  readonly login: string;
  /** Starts it on the same port, after `kill`. */
  start(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Servers that know each other; one alone is a cluster too. */
export interface BrokerCluster {
  readonly nodes: readonly BrokerServer[];
  end(): Promise<void>;
}

/** A server's URL, with credentials. */
export const urlOf = ({ port, login }: BrokerServer): string =>
  `mqtt://${login}@127.0.0.1:${port}`;

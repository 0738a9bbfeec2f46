import net from "node:net";
import { Aedes } from "aedes";
import { ServiceError } from "../../core/base/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";
import { brokerLimits } from "./broker-limits.ts";
import { type BrokerLogin, checkLogin } from "./broker-login.ts";
import { BrokerStream } from "./broker-stream.ts";

export interface EmbeddedBrokerOptions {
  /** The address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: 0, which picks a free port. */
  readonly port?: number;
  /** Without a login everybody may connect. */
  readonly login?: BrokerLogin | undefined;
  /** Logs refused clients. */
  readonly logger?: Logger;
}

/** An MQTT 3.1.1 broker inside this process, so that a first run needs no other program. */
export interface EmbeddedBroker {
  readonly port: number;
  readonly server: net.Server;
  close(): Promise<void>;
}

function listen(server: net.Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // This listener stays: a later failure to accept must not end the process.
    server.on("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE" || error.code === "EACCES";
      const message = `broker-port ${port} of ${host}: ${error.message}`;
      reject(new ServiceError(taken ? "port-in-use" : "internal", message, { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}

function createBroker({ login, logger }: EmbeddedBrokerOptions): Promise<Aedes> {
  const fits = login === undefined ? undefined : checkLogin(login);
  return Aedes.createBroker({
    concurrency: brokerLimits.concurrency,
    connectTimeout: brokerLimits.connectMs,
    drainTimeout: brokerLimits.drainMs,
    queueLimit: brokerLimits.queueMax,
    authenticate: (client, user, password, done) => {
      if (fits === undefined || fits(user, password)) {
        done(null, true);
        return;
      }
      const { remoteAddress } = client.conn as BrokerStream;
      logger?.log(
        "warn",
        "broker-login",
        "the embedded broker refused an incorrect user or password",
        {
          ip: remoteAddress,
        },
      );
      // MQTT 3.1.1, 3.2.2.3: bad user name or password.
      done(Object.assign(new Error("bad user name or password"), { returnCode: 4 }), false);
    },
  });
}

/** Starts aedes over TCP. Rejects with `port-in-use` if the port is not available. */
export async function startEmbeddedBroker(
  options: EmbeddedBrokerOptions = {},
): Promise<EmbeddedBroker> {
  const { host = "127.0.0.1", port = 0, logger } = options;
  const broker = await createBroker(options);
  const sockets = new Set<net.Socket>();
  const refused = (event: string, message: string, { remoteAddress }: net.Socket): void =>
    logger?.log("warn", event, message, { ip: remoteAddress });
  const server = net.createServer({ noDelay: true }, (socket) => {
    if (sockets.size >= brokerLimits.connectionsMax) {
      const message = `the embedded broker is full: it has ${sockets.size} connections`;
      refused("broker-full", message, socket);
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const tooLarge = (): void =>
      refused("broker-packet", "a packet is larger than the embedded broker allows", socket);
    broker.handle(new BrokerStream(socket, tooLarge));
  });
  const closeBroker = (): Promise<void> => new Promise((resolve) => broker.close(() => resolve()));
  try {
    const bound = await listen(server, host, port);
    return {
      port: bound,
      server,
      async close(): Promise<void> {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        await closeBroker();
        for (const socket of sockets) socket.destroy();
        await closed;
      },
    };
  } catch (error) {
    await closeBroker();
    throw error;
  }
}

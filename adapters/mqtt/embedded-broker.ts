import net from "node:net";
import { Aedes } from "aedes";
import { ServiceError } from "../../core/base/mod.ts";
import { BrokerStream } from "./broker-stream.ts";
import { mqttLimits } from "./mqtt-limits.ts";

export interface EmbeddedBrokerOptions {
  /** Address to listen on; this machine alone by default. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port?: number;
}

/** A broker inside this process, so that a first run needs nothing else. MQTT 3.1.1 only. */
export interface EmbeddedBroker {
  readonly port: number;
  close(): Promise<void>;
}

function listen(server: net.Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
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

/** Starts aedes over TCP. Throws `port-in-use` where the port cannot be had. */
export async function startEmbeddedBroker(
  options: EmbeddedBrokerOptions = {},
): Promise<EmbeddedBroker> {
  const { host = "127.0.0.1", port = 0 } = options;
  const broker = await Aedes.createBroker({
    concurrency: mqttLimits.brokerConcurrency,
    drainTimeout: mqttLimits.brokerDrainMs,
    queueLimit: mqttLimits.brokerQueueMax,
  });
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(new BrokerStream(socket));
  });
  const closeBroker = (): Promise<void> => new Promise((resolve) => broker.close(() => resolve()));
  try {
    const bound = await listen(server, host, port);
    return {
      port: bound,
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

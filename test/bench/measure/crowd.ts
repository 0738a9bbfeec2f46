import { readFileSync } from "node:fs";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { handshakeText } from "../../support/clients/raw-client.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { waitFor } from "../../support/process/wait.ts";
import { BenchProcess, type Contestant, gateway } from "./processes.ts";

/** Commands of one batch, and batches on their way at a time. */
const batchItems = 20;
const concurrency = 8;

/**
 * As many clients that read all that comes as clients that read their handshake's answer and
 * nothing ever after. In Python, because those need small segments and a small receive buffer: the
 * kernel would take megabytes for each otherwise.
 */
const clientsInPython = `
import select, socket, sys
port, count, request = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
reading, held = select.epoll(), {}
def open_client(deaf):
    client = socket.socket()
    if deaf:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    client.connect(("127.0.0.1", port))
    client.sendall(request)
    answer = b""
    while b"\\r\\n\\r\\n" not in answer:
        answer += client.recv(1)
    held[client.fileno()] = client
    if not deaf:
        reading.register(client.fileno(), select.EPOLLIN)
for index in range(2 * count):
    open_client(index >= count)
print("open", flush=True)
while True:
    for number, _ in reading.poll():
        if not held[number].recv(65536):
            reading.unregister(number)
`;

/** A gateway, its origin, and clients of two kinds, `count` of each. */
export class Crowd implements AsyncDisposable {
  readonly server: BenchProcess;
  readonly readers: readonly string[];
  readonly deaf: readonly string[];
  readonly #broker: Mosquitto;
  readonly #origin: PlainOrigin;
  readonly #clients: BenchProcess;
  readonly #started: Record<string, unknown>;

  private constructor(
    parts: readonly [Mosquitto, PlainOrigin, BenchProcess, BenchProcess],
    ids: readonly string[],
    started: Record<string, unknown>,
  ) {
    [this.#broker, this.#origin, this.server, this.#clients] = parts;
    this.#started = started;
    this.readers = ids.slice(0, ids.length / 2);
    this.deaf = ids.slice(ids.length / 2);
  }

  static async open(
    contestant: Contestant,
    { count, queueBytes }: { count: number; queueBytes: number },
  ): Promise<Crowd> {
    const broker = await Mosquitto.start();
    const origin = await PlainOrigin.connect(broker.url());
    const flags = ["--send-queue-size", `${queueBytes}`, "--origin-mode", "open"];
    const server = gateway(contestant, broker.url(), ...flags);
    const started = await server.event("started");
    const words = [`${started.port}`, `${count}`, handshakeText()];
    const clients = new BenchProcess("python3", ["-c", clientsInPython, ...words]);
    await clients.line("open");
    const opens = (): string[] =>
      origin.events.filter(([verb]) => verb === "open").map(([, id]) => String(id));
    await waitFor(() => opens().length === 2 * count, { what: "all clients" });
    return new Crowd([broker, origin, server, clients], opens(), started);
  }

  /** A binary message of its own for each client, `rounds` times. */
  async send(
    ids: readonly string[],
    { rounds, messageBytes }: { rounds: number; messageBytes: number },
  ): Promise<void> {
    const batches: unknown[][][] = [];
    for (let round = 0; round < rounds; round++) {
      for (let from = 0; from < ids.length; from += batchItems) {
        const data = Buffer.alloc(messageBytes, `${round}`);
        batches.push(ids.slice(from, from + batchItems).map((id) => ["send", [id], data]));
      }
    }
    const worker = async (): Promise<void> => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        await this.#origin.command(String(this.#started.node), ...batch);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }

  /** Resident bytes when garbage has been collected. */
  async collectedBytes(): Promise<number> {
    this.server.signal("SIGUSR2");
    await this.server.event("collected");
    return this.server.residentBytes();
  }

  /** A counter of the gateway; `line` ends in a group that is its value. */
  async counter(line: RegExp): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#started.adminPort}/metrics`)).text();
    return Number(line.exec(text)?.[1] ?? 0);
  }

  /** What was sent to clients and stands in the kernel, on either side. */
  kernelBytes(): number {
    const port = Number(this.#started.port).toString(16).toUpperCase().padStart(4, "0");
    let bytes = 0;
    for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
      const [, local = "", remote = "", , queues = ""] = line.trim().split(/\s+/);
      const [sending = "0", received = "0"] = queues.split(":");
      if (local.endsWith(`:${port}`)) bytes += Number.parseInt(sending, 16);
      else if (remote.endsWith(`:${port}`)) bytes += Number.parseInt(received, 16);
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clients.end();
    await this.server.end();
    await this.#origin.end();
    await this.#broker[Symbol.asyncDispose]();
  }
}

import { writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { Mosquitto } from "../support/mosquitto.ts";
import { PlainOrigin } from "../support/plain-origin.ts";
import { handshakeText } from "../support/raw-client.ts";
import { waitFor } from "../support/wait.ts";
import { type Line, linePlot } from "./line-plot.ts";
import { BenchProcess, type Contestant, gateway } from "./processes.ts";

const clients = 1_000;
const queueBytes = 65_536;
/** Buffers that grow, and garbage not yet collected: resident for each byte that is queued. */
const residentFactor = 2;
const messageBytes = 10_000;
const rounds = 20;
const warmRounds = 10;
/** Commands of one batch, and batches on their way at a time. */
const batchItems = 20;
const concurrency = 8;
const sampleMs = 50;
/** Long enough that the close frames that nobody reads are given up too. */
const afterMs = 6_000;
const settleMs = 500;
const picture = "docs/unread-clients.svg";
const mebibyte = 1_048_576;

interface Run {
  readonly name: string;
  readonly points: [number, number][];
  readonly boundBytes: number;
}

/**
 * Clients that read their handshake's answer and nothing ever after. In Python, because they need
 * small segments and a small receive buffer: the kernel would take megabytes for each otherwise.
 */
const deafClients = `
import socket, sys, time
port, count, request = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
held = []
for _ in range(count):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    client.connect(("127.0.0.1", port))
    client.sendall(request)
    answer = b""
    while b"\\r\\n\\r\\n" not in answer:
        answer += client.recv(1)
    held.append(client)
print("open", flush=True)
time.sleep(60)
`;

/** 200 MB in all: a message of its own for each client, round after round. */
async function sendAll(
  origin: PlainOrigin,
  node: string,
  { ids, rounds }: { ids: readonly string[]; rounds: number },
): Promise<void> {
  const batches: unknown[][][] = [];
  for (let round = 0; round < rounds; round++) {
    for (let from = 0; from < ids.length; from += batchItems) {
      const data = Buffer.alloc(messageBytes, `${round}`);
      batches.push(ids.slice(from, from + batchItems).map((id) => ["send", [id], data]));
    }
  }
  const lane = async (): Promise<void> => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      await origin.command(node, ...batch);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function counters(adminPort: number): Promise<{ sent: number; slow: number }> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const read = (name: RegExp): number => Number(name.exec(text)?.[1] ?? 0);
  const sent = read(/^wss_messages_sent_total (\d+)/m);
  return { sent, slow: read(/^wss_errors_total\{code="send-queue-full"\} (\d+)/m) };
}

async function measure(
  contestant: Contestant,
  server: BenchProcess,
  { origin, print }: { origin: PlainOrigin; print: (line: string) => void },
): Promise<Run> {
  const started = await server.event("started");
  const words = [`${started.port}`, `${clients}`, handshakeText()];
  const deaf = new BenchProcess("python3", ["-c", deafClients, ...words]);
  const opened = (): string[] =>
    origin.events.filter(([verb]) => verb === "open").map(([, id]) => String(id));
  await deaf.line("open");
  await waitFor(() => opened().length === clients, { what: "all clients" });
  // Warm: what the same commands cost a node on their way, when they reach nobody.
  const nobody = opened().map((id) => `${id.slice(0, -26)}${"A".repeat(26)}`);
  let baseBytes = 0;
  const warming = setInterval(() => {
    baseBytes = Math.max(baseBytes, server.residentBytes());
  }, sampleMs);
  const node = String(started.node);
  await sendAll(origin, node, { ids: nobody, rounds: warmRounds });
  await wait(settleMs);
  clearInterval(warming);
  const points: [number, number][] = [];
  const beginAt = performance.now();
  const sample = (): void => {
    points.push([(performance.now() - beginAt) / 1_000, server.residentBytes() / mebibyte]);
  };
  const sampling = setInterval(sample, sampleMs);
  await sendAll(origin, node, { ids: opened(), rounds });
  const sentMs = performance.now() - beginAt;
  await wait(afterMs);
  clearInterval(sampling);
  const { sent, slow } = await counters(Number(started.adminPort));
  await deaf.end();
  const name = `${contestant.runtime} ${contestant.engine}`;
  const maxBytes = Math.max(...points.map(([, y]) => y)) * mebibyte;
  const inMiB = (bytes: number): string => (bytes / mebibyte).toFixed(0);
  const boundBytes = baseBytes + residentFactor * clients * queueBytes;
  const figures = [
    `unread, ${name}: ${inMiB(baseBytes)} MiB without them`,
    `at most ${inMiB(maxBytes)} MiB, bound ${inMiB(boundBytes)} MiB`,
    `${sent} messages taken, ${slow} clients slow, sent in ${sentMs.toFixed(0)} ms`,
  ];
  print(figures.join("; "));
  return { name, points, boundBytes };
}

function draw(runs: readonly Run[]): void {
  const colours = ["#0b62a4", "#c2571a"];
  const lines: Line[] = runs.flatMap(({ name, points, boundBytes }, index) => {
    const colour = colours[index] ?? "#444";
    const bound = boundBytes / mebibyte;
    const end = points.at(-1)?.[0] ?? 0;
    const dashed: Line["points"] = [
      [0, bound],
      [end, bound],
    ];
    return [
      { name, colour, points },
      { name: `${name}, bound`, colour, dashed: true, points: dashed },
    ];
  });
  const title = "Gateway memory: 1,000 clients that never read are sent 200 MB";
  const texts = { title, x: "seconds since the first message", y: "resident memory, MiB" };
  writeFileSync(picture, linePlot(lines, texts));
}

/** Memory of a gateway whose clients read nothing while they are sent 200 MB; draws it too. */
export async function unreadBench(
  contestants: readonly Contestant[],
  print: (line: string) => void,
): Promise<void> {
  const runs: Run[] = [];
  for (const contestant of contestants) {
    await using broker = await Mosquitto.start();
    const origin = await PlainOrigin.connect(broker.url());
    const flags = ["--send-queue-size", `${queueBytes}`, "--origin-mode", "open"];
    const server = gateway(contestant, broker.url(), ...flags);
    try {
      runs.push(await measure(contestant, server, { origin, print }));
    } finally {
      await server.end();
      await origin.end();
    }
  }
  draw(runs);
  const queues = `${residentFactor} × ${clients} × ${queueBytes} bytes of send queue`;
  print(`drawn in ${picture}; bound: what it has without them + ${queues}`);
}

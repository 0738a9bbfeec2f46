import { limits } from "../../../core/base/mod.ts";
import { Gateway } from "../../../core/mod.ts";
import type { Codec, CodecOptions, Deflate, Logger } from "../../../core/ports/mod.ts";
import { Traces } from "../../../core/telemetry/mod.ts";
import { FramedSockets } from "../../../core/websocket/mod.ts";
import { createZlibDeflate } from "../../../runtimes/server/deflate.ts";
import { createWasmCodec, type WasmCodec } from "../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../reference/mod.ts";
import {
  ManualClock,
  MemoryBroker,
  MemoryCommandBus,
  MemoryEventChannel,
  MemoryMetrics,
  MemoryTracer,
  SeededRandom,
} from "../../support/memory/mod.ts";
import { gatewayOptions } from "../../support/memory-node/gateway-options.ts";
import { EventAudit } from "./event-audit.ts";
import { WatchedHandler } from "./watched-handler.ts";

/** Small limits, so that all of them are met. */
export const codecOptions: CodecOptions = {
  node: "fuzz-1",
  messageBytesMax: 4_000,
  batchBytesTarget: 3_000,
  partialBytesMax: 3_600,
  fragmentsMax: 3,
};

/** What the tests of a whole gateway run over. */
export const codecs: readonly {
  readonly name: string;
  readonly make: () => Codec | WasmCodec;
}[] = [
  { name: "wasm", make: () => createWasmCodec(codecOptions) },
  { name: "reference", make: () => createReferenceCodec(codecOptions) },
];

/** What is logged would be the only thing that grows by right. */
const silent: Logger = { log: () => {}, enabled: () => false };

export interface RigOptions {
  readonly json: boolean;
  readonly partitions: number;
  /** Of each connection; small where nothing is said, so that clients become slow. */
  readonly sendQueueBytesMax?: number;
}

/** A whole gateway in memory, its time in the test's hand, its events audited. */
export class GatewayRig {
  readonly clock: ManualClock = new ManualClock();
  readonly metrics: MemoryMetrics = new MemoryMetrics();
  readonly broker: MemoryBroker = new MemoryBroker();
  readonly audit: EventAudit = new EventAudit();
  /** Connections that a span is given to are traced. */
  readonly tracer: MemoryTracer = new MemoryTracer();
  readonly deflate: Deflate = createZlibDeflate();
  readonly codec: Codec;
  readonly channel: MemoryEventChannel;
  readonly bus: MemoryCommandBus;
  readonly gateway: Gateway;
  readonly handler: WatchedHandler;
  readonly sockets: FramedSockets;
  /** Timers of a gateway without connections. */
  #timers = 0;

  private constructor(codec: Codec, options: RigOptions) {
    const { json, partitions, sendQueueBytesMax = 6_000 } = options;
    const { clock, metrics, deflate } = this;
    const node = codecOptions.node;
    this.codec = codec;
    this.channel = new MemoryEventChannel(this.broker, node);
    this.bus = new MemoryCommandBus(this.broker, { apps: ["default"], node });
    const ports = { clock, metrics, deflate, logger: silent, random: new SeededRandom(7) };
    const traced = { spansPerSecondMax: 1_000_000, trustsClients: true };
    const traces = new Traces({ tracer: this.tracer, clock, metrics }, traced);
    this.gateway = new Gateway(
      { ...ports, codec, channel: this.channel, bus: this.bus, traces },
      gatewayOptions({
        node,
        subprotocols: ["chat"],
        headers: ["user-agent"],
        compression: true,
        mode: "open",
        partitions,
        json,
        connectionsMax: 100,
        publishBytesMax: 1e7,
        sendQueueBytesMax,
        windowBytesMax: 8_000,
        originWaitMs: 30_000,
        keepAliveIntervalMs: 30_000,
        presenceIntervalMs: 5_000,
        guard: { pingIntervalMs: 20_000, pingTimeoutMs: 10_000, idleTimeoutMs: 300_000 },
      }),
    );
    this.handler = new WatchedHandler(this.gateway);
    this.sockets = new FramedSockets({
      handler: this.handler,
      ...codec,
      clock,
      deflate,
      batchBuffers: true,
      messageBytesMax: codecOptions.messageBytesMax,
      inflateRatioMax: limits.inflateRatioMax,
    });
    this.broker.onEvents(({ batch }) => this.audit.read(batch));
  }

  static async start(codec: Codec, options: RigOptions): Promise<GatewayRig> {
    const rig = new GatewayRig(codec, options);
    await rig.gateway.start();
    rig.#timers = rig.clock.pendingTimers;
    return rig;
  }

  get errors(): number {
    return this.metrics.total("wss_errors_total");
  }

  /** Lets what waits for the end of the turn, and for the broker, happen. */
  async turn(): Promise<void> {
    this.clock.turn();
    await Promise.resolve();
    this.audit.check();
  }

  /** What must be gone when every client is; the rest of what is wrong, as a list. */
  async leftovers(): Promise<unknown[]> {
    this.broker.up = true;
    for (let n = 0; n < 20; n++) await this.turn();
    // Confirmations and counts of log lines are through then; what still waits for the closing
    // handshake of a client that is gone, which would end by itself, is not.
    this.clock.advance(limits.closeHandshakeMs / 2);
    for (let n = 0; n < 20; n++) await this.turn();
    const { audit, codec, gateway, handler, clock } = this;
    const left = {
      connections: gateway.connections,
      watched: handler.connections,
      told: audit.connections,
      closesMissing: audit.opens - audit.closes,
      partialBytes: codec.frames.partialBytes(),
      timers: clock.pendingTimers - this.#timers,
    };
    return Object.entries(left).filter(([, count]) => count !== 0);
  }
}

import { after } from "node:test";
import {
  type EventForm,
  Failures,
  HttpOrigin,
  OriginalForm,
  OriginRequests,
  requestCounters,
  Signer,
} from "../../../adapters/http-origin/mod.ts";
import { InProcessBus } from "../../../adapters/in-process/mod.ts";
import { MqttCommandBus, MqttEventChannel } from "../../../adapters/mqtt/mod.ts";
import { GatewayOrigin } from "../../../adapters/origin/api/mod.ts";
import { originLimits } from "../../../adapters/origin/base/mod.ts";
import type { OpenLink } from "../../../adapters/topics/mod.ts";
import { Gateway, type GatewayOptions } from "../../../core/mod.ts";
import type { HandshakeAnswer, Tracer } from "../../../core/ports/mod.ts";
import { Traces } from "../../../core/telemetry/mod.ts";
import { createReferenceCodec } from "../../reference/mod.ts";
import { MemorySocket, SeededRandom } from "../memory/mod.ts";
import { gatewayOptions } from "../memory-node/gateway-options.ts";
import { idOf, upgradeRequest } from "../memory-node/memory-node.ts";
import { HttpOriginRig, type PendingRequest } from "./origin-rig.ts";

export interface HttpRigOptions {
  readonly form?: EventForm;
  readonly urls?: readonly string[];
  readonly concurrency?: number;
  readonly retryMs?: number;
  readonly secret?: string;
  readonly replies?: boolean;
  /** Events under way from the node. */
  readonly window?: number;
  readonly gateway?: Partial<GatewayOptions>;
  /** Spans are recorded. */
  readonly tracer?: Tracer;
  /** The largest packet of the origin's broker. */
  readonly packetBytesMax?: number;
}

/** A rig, and its one client. */
export interface Talk {
  readonly rig: HttpRig;
  readonly socket: MemorySocket;
  readonly id: string;
}

/** A whole gateway in memory with an HTTP origin; a test plays the clients and the back end. */
export class HttpRig extends HttpOriginRig {
  readonly openLink: OpenLink = new InProcessBus().open;
  readonly gateway: Gateway;
  readonly originRequests: OriginRequests;
  readonly httpOrigin: HttpOrigin;
  readonly origin: GatewayOrigin;

  constructor(options: HttpRigOptions = {}) {
    super();
    const { clock, logger, metrics } = this;
    const random = new SeededRandom(11);
    const ports = { clock, logger, random, openLink: this.openLink };
    const topics = { apps: ["default"], node: "n" };
    this.gateway = new Gateway(
      {
        clock,
        logger,
        metrics,
        random,
        bus: new MqttCommandBus(topics, ports),
        channel: new MqttEventChannel(topics, ports),
        authorizer: undefined,
        traces:
          options.tracer === undefined
            ? undefined
            : new Traces(
                { tracer: options.tracer, clock, metrics },
                { spansPerSecondMax: 1_000, trustsClients: true },
              ),
        codec: createReferenceCodec({
          node: "n",
          messageBytesMax: 10_000,
          fragmentsMax: 100,
          batchBytesTarget: 65_536,
          partialBytesMax: 10_000,
        }),
      },
      gatewayOptions({ mode: "assigned", ackTimeoutMs: 86_400_000, ...options.gateway }),
    );
    const originLink: OpenLink = (link) =>
      Object.defineProperty(this.openLink(link), "packetBytesMax", {
        value: options.packetBytesMax,
      });
    this.origin = new GatewayOrigin(
      { name: "http", window: options.window ?? 20_000 },
      { ...ports, openLink: originLink },
    );
    const failures = new Failures({ clock, logger, metrics });
    this.originRequests = new OriginRequests(
      {
        urls: options.urls ?? ["http://a/"],
        concurrency: options.concurrency ?? 16,
        retryMs: options.retryMs ?? 0,
        timeoutMs: 15_000,
        signer: options.secret === undefined ? undefined : new Signer(options.secret),
      },
      {
        client: { post: this.post },
        clock,
        random,
        counters: requestCounters(metrics),
        failures,
      },
    );
    this.httpOrigin = new HttpOrigin(
      this.origin,
      {
        form: options.form ?? new OriginalForm({ extraFields: false }),
        replies: options.replies ?? true,
      },
      { clock, random, requests: this.originRequests, failures },
    );
  }

  static async start(options: HttpRigOptions = {}): Promise<HttpRig> {
    const rig = new HttpRig(options);
    await rig.gateway.start();
    await rig.httpOrigin.start();
    await rig.settle();
    after(() => rig.#close());
    return rig;
  }

  /** A rig whose one client is connected, and has sent these texts. */
  static async talking(options: HttpRigOptions, ...texts: readonly string[]): Promise<Talk> {
    const rig = await HttpRig.start(options);
    const socket = await rig.connect();
    await rig.receive(socket, ...texts);
    return { rig, socket, id: idOf(socket) };
  }

  /** The origin's timer would keep the test's process up. */
  async #close(): Promise<void> {
    for (const request of this.requests.splice(0)) void request.fail(new Error("the test ended"));
    const closed = this.origin.close();
    this.clock.advance(originLimits.leaveWaitMs + 1_000);
    await this.settle();
    this.clock.advance(originLimits.leaveWaitMs + 1_000);
    await closed;
  }

  handshake(path: string): Promise<HandshakeAnswer> {
    return Promise.resolve(this.gateway.handshake(upgradeRequest(path)));
  }

  /** A handshake, once its request is there; what is done with that decides. */
  async decided(
    decide: (rig: HttpRig) => Promise<void>,
    path: string = "/",
  ): Promise<HandshakeAnswer> {
    const answer = this.handshake(path);
    await this.settle();
    await decide(this);
    return answer;
  }

  /** A connection whose `open` is answered with 200. */
  async connect(): Promise<MemorySocket> {
    const socket = this.open();
    await this.settle();
    await this.next().answer(200);
    return socket;
  }

  open(): MemorySocket {
    const answer = { accepted: true, app: "default", deflate: false, info: {} } as const;
    return new MemorySocket(this.gateway, { ...answer, subprotocol: undefined });
  }

  async receive(socket: MemorySocket, ...texts: readonly string[]): Promise<void> {
    for (const text of texts) socket.receive(text);
    await this.settle();
  }

  errors(code: string): number {
    return this.metrics.value("wss_errors_total", { code }) ?? 0;
  }
}

/** What an event in the original's form says, without what is null. */
export function eventOf({ body }: Pick<PendingRequest, "body">): Record<string, unknown> {
  const { WebSocketEvent: event, WebSocketKeepAlives: alive } = JSON.parse(body);
  const said = event ?? { alive };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}

/** What a client got: the data of messages, and `close`. */
export function dataOf({ delivered }: Pick<MemorySocket, "delivered">): unknown[] {
  return delivered.map((one) => (one.type === "message" ? one.data : one.type));
}

/** The text of a request that carries a message. */
export function textOf(request: Pick<PendingRequest, "body">): unknown {
  return (eventOf(request).MessageReceived as { Text?: unknown } | undefined)?.Text;
}

import { CloseCause, ErrorCode, errorCounter } from "../base/mod.ts";
import { type Counter, type Histogram, histogramBounds, type Metrics } from "../ports/mod.ts";

/** What is counted of each app. */
export interface AppCounters {
  readonly opened: Counter;
  readonly messagesIn: Counter;
  readonly messagesOut: Counter;
}

/**
 * The gateway's counters and histograms, looked up once. `docs/operating/monitoring.md` lists the
 * names. Gauges read rooms, so the root registers them: `core/gauges.ts`.
 */
export class GatewayMetrics {
  readonly opened: Counter;
  readonly messagesIn: Counter;
  readonly bytesIn: Counter;
  readonly messagesOut: Counter;
  readonly bytesOut: Counter;
  readonly batchesPublished: Counter;
  readonly batchBytesPublished: Counter;
  readonly batchesReceived: Counter;
  readonly commands: Counter;
  readonly targetsGone: Counter;
  readonly forwarded: Counter;
  readonly pauses: Counter;
  readonly groupMessages: Counter;
  readonly authorized: Counter;
  readonly repeats: Counter;
  readonly reassigned: Counter;
  readonly rebalanced: Counter;
  readonly pings: Counter;
  readonly handshakeAccepted: Histogram;
  readonly handshakeRefused: Histogram;
  readonly authorization: Histogram;
  readonly eventAck: Histogram;
  readonly commandFlush: Histogram;
  readonly batchBytes: Histogram;
  readonly batchItems: Histogram;
  readonly #closed: Map<CloseCause, Counter> = new Map();
  readonly #errors: Map<ErrorCode, Counter> = new Map();

  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    const count = (name: string, help: string): Counter => metrics.counter(name, help);
    this.opened = count("wss_connections_opened_total", "Connections that were opened");
    this.messagesIn = count("wss_messages_received_total", "Messages that clients sent");
    this.bytesIn = count(
      "wss_message_bytes_received_total",
      "Payload bytes of messages of clients",
    );
    this.messagesOut = count("wss_messages_sent_total", "Messages handed to client sockets");
    this.bytesOut = count("wss_message_bytes_sent_total", "Payload bytes of messages to clients");
    this.batchesPublished = count("wss_event_batches_published_total", "Event batches published");
    this.batchBytesPublished = count(
      "wss_event_bytes_published_total",
      "Bytes of event batches published",
    );
    this.batchesReceived = count("wss_command_batches_received_total", "Command batches received");
    this.commands = count("wss_commands_total", "Commands carried out");
    this.targetsGone = count("wss_targets_gone_total", "Ids in commands that are gone");
    this.forwarded = count("wss_commands_forwarded_total", "Commands forwarded to other nodes");
    this.groupMessages = count("wss_group_messages_total", "Messages published to groups here");
    this.authorized = count("wss_handshakes_authorized_total", "Handshakes that were authorised");
    this.repeats = count("wss_stream_repeats_total", "Times a stream was repeated or probed");
    this.reassigned = count("wss_events_reassigned_total", "Events moved to another origin");
    this.rebalanced = count("wss_connections_rebalanced_total", "Idle connections moved");
    this.pings = count("wss_pings_sent_total", "Pings sent to silent connections");
    this.pauses = count(
      "wss_reading_paused_total",
      "Times a socket was not read: window or share full",
    );
    const { bytes, items, seconds } = histogramBounds;
    const timed = (name: string, help: string, labels = {}): Histogram =>
      metrics.histogram(name, help, seconds, labels);
    const handshake = "From a handshake's request to its answer";
    this.handshakeAccepted = timed("wss_handshake_seconds", handshake, { outcome: "accepted" });
    this.handshakeRefused = timed("wss_handshake_seconds", handshake, { outcome: "refused" });
    this.authorization = timed(
      "wss_authorization_seconds",
      "How long an origin or a token took to decide about a handshake",
    );
    this.eventAck = timed(
      "wss_event_ack_seconds",
      "From an event to its acknowledgement; one event of each stream at a time",
    );
    this.commandFlush = timed(
      "wss_command_flush_seconds",
      "From a command batch to the flush of the sockets that it has messages for",
    );
    const histogram = (name: string, help: string, bounds: readonly number[]): Histogram =>
      metrics.histogram(name, help, bounds);
    this.batchBytes = histogram("wss_event_batch_bytes", "Bytes of an event batch", bytes);
    this.batchItems = histogram("wss_event_batch_items", "Events of an event batch", items);
    // From the start, at 0: what begins with 1 is no increase to Prometheus.
    const ended = "Connections that ended, by cause";
    for (const cause of Object.values(CloseCause)) {
      this.#closed.set(cause, metrics.counter("wss_connections_closed_total", ended, { cause }));
    }
    for (const code of Object.keys(ErrorCode) as ErrorCode[]) {
      this.#errors.set(code, errorCounter(metrics, code));
    }
  }

  /** The counters of an app, by its label. */
  ofApp(label: string): AppCounters {
    const labels = { app: label };
    const count = (name: string, help: string): Counter =>
      this.#metrics.counter(name, help, labels);
    return {
      opened: count("wss_app_connections_opened_total", "Connections of the app that were opened"),
      messagesIn: count("wss_app_messages_received_total", "Messages that the app's clients sent"),
      messagesOut: count("wss_app_messages_sent_total", "Messages handed to the app's clients"),
    };
  }

  closed(cause: CloseCause): void {
    this.#closed.get(cause)?.add(1);
  }

  error(code: ErrorCode): void {
    this.#errors.get(code)?.add(1);
  }
}

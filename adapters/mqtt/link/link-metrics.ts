import { type Histogram, histogramBounds, type Metrics } from "../../../core/ports/mod.ts";

interface MeasuredLink {
  readonly up: boolean;
  readonly stopped: boolean;
}

/** What a process measures of its links to one broker. */
export class LinkMetrics {
  readonly #metrics: Metrics;
  readonly #broker: string;
  readonly #links: Map<string, MeasuredLink[]> = new Map();
  readonly roundTrip: Histogram;

  /** `broker`: its name, `HOST:PORT`. */
  constructor(metrics: Metrics, broker: string) {
    this.#metrics = metrics;
    this.#broker = broker;
    this.roundTrip = metrics.histogram(
      "wss_broker_round_trip_seconds",
      "From a publish at QoS 1 to its PUBACK; one publish of each link at a time",
      histogramBounds.seconds,
      { broker },
    );
  }

  /** Adds a link to the gauge of its role. With several links the gauge is 1 if all are up. */
  opened(role: string, link: MeasuredLink): void {
    const links = this.#links.get(role) ?? [];
    this.#links.set(role, links);
    links.push(link);
    const read = (): number => (links.every(({ up, stopped }) => up || stopped) ? 1 : 0);
    const help = "Whether the connection to the broker that the label link names is there";
    const labels = { broker: this.#broker, link: role };
    this.#metrics.gauge("wss_broker_link_up", help, read, labels);
  }
}

import { ServiceError } from "../base/mod.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where spans go, as OpenTelemetry's own variables say. */
export interface TraceExport {
  /** Without a user, a password or a query, which may be secret: for the log. */
  readonly shownEndpoint: string;
  /** The name of OpenTelemetry's sampler. */
  readonly sampler: string;
  readonly serviceName: string;
}

const samplers = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** Variables of OpenTelemetry that are numbers. */
const numbers = [
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
  "OTEL_BSP_SCHEDULE_DELAY",
  "OTEL_BSP_EXPORT_TIMEOUT",
  "OTEL_BSP_MAX_QUEUE_SIZE",
  "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
] as const;

/** Lists of `name=value`. The first two are often secret. */
const lists = [
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
  "OTEL_RESOURCE_ATTRIBUTES",
] as const;

/**
 * Whether spans are exported, by the variables of OpenTelemetry; undefined if they are not. The
 * SDK takes a default for a value that it does not understand, so that is refused here: throws
 * `setting-invalid`.
 */
export function readTraceExport(environment: Environment): TraceExport | undefined {
  const read = (name: string): string => environment[name]?.trim() ?? "";
  if (read("OTEL_SDK_DISABLED").toLowerCase() === "true") return undefined;
  if (read("OTEL_TRACES_EXPORTER") === "none") return undefined;
  const own = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const common = read("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (own === "" && common === "") return undefined;
  const shownEndpoint =
    own === ""
      ? shownUrl("OTEL_EXPORTER_OTLP_ENDPOINT", common)
      : shownUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own);
  checkWord(read, "OTEL_TRACES_EXPORTER", ["otlp", "none"]);
  checkWord(read, "OTEL_EXPORTER_OTLP_PROTOCOL", ["http/protobuf"]);
  checkWord(read, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", ["http/protobuf"]);
  checkWord(read, "OTEL_EXPORTER_OTLP_COMPRESSION", ["gzip", "none"]);
  checkWord(read, "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", ["gzip", "none"]);
  checkWord(read, "OTEL_TRACES_SAMPLER", samplers);
  const sampler = read("OTEL_TRACES_SAMPLER") || "parentbased_always_on";
  checkRatio(sampler, read("OTEL_TRACES_SAMPLER_ARG"));
  for (const name of numbers) checkNumber(name, read(name));
  for (const name of lists) checkList(name, read(name));
  return { shownEndpoint, sampler, serviceName: read("OTEL_SERVICE_NAME") || "websocket-service" };
}

function shownUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw invalid(name, "a URL of http or https, such as http://127.0.0.1:4318");
  }
  return `${url.origin}${url.pathname}`;
}

function checkWord(
  read: (name: string) => string,
  name: string,
  allowed: readonly string[],
): void {
  const value = read(name);
  if (value !== "" && !allowed.includes(value)) throw invalid(name, allowed.join(", "));
}

function checkRatio(sampler: string, given: string): void {
  if (!sampler.endsWith("traceidratio") || given === "") return;
  const ratio = Number(given);
  if (!(ratio >= 0 && ratio <= 1)) {
    throw invalid("OTEL_TRACES_SAMPLER_ARG", `a number from 0 to 1 with ${sampler}`);
  }
}

function checkNumber(name: string, value: string): void {
  if (value !== "" && !(Number(value) > 0)) throw invalid(name, "a number above 0");
}

function checkList(name: string, value: string): void {
  const parts = value === "" ? [] : value.split(",");
  for (const part of parts) {
    const [key = "", ...rest] = part.split("=");
    const text = rest.join("=");
    if (key.trim() === "" || rest.length === 0 || !canDecode(text)) {
      throw invalid(name, "a list such as name=value,other=value, percent-encoded");
    }
  }
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The value is not shown: it may be a secret that is misplaced. */
function invalid(name: string, allowed: string): ServiceError {
  const message = `${name}: the given value is not allowed; it must be ${allowed}`;
  return new ServiceError("setting-invalid", message);
}

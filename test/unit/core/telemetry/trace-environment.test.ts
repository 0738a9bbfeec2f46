import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../../../core/base/mod.ts";
import { readTraceExport } from "../../../../core/telemetry/mod.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test("spans are exported if there is an endpoint", () => {
  assert.equal(readTraceExport({}), undefined);
  assert.equal(readTraceExport({ OTEL_EXPORTER_OTLP_ENDPOINT: " " }), undefined);
  assert.deepEqual(readTraceExport(endpoint), {
    shownEndpoint: "http://127.0.0.1:4318/",
    sampler: "parentbased_always_on",
    serviceName: "websocket-service",
  });
  assert.deepEqual(
    readTraceExport({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://otel.example/x?key=k",
      OTEL_SERVICE_NAME: "edge",
      OTEL_TRACES_SAMPLER: "traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.01",
    }),
    { shownEndpoint: "https://otel.example/x", sampler: "traceidratio", serviceName: "edge" },
  );
});

test("spans are not exported if somebody says so", () => {
  assert.equal(readTraceExport({ ...endpoint, OTEL_SDK_DISABLED: "TRUE" }), undefined);
  assert.equal(readTraceExport({ ...endpoint, OTEL_TRACES_EXPORTER: "none" }), undefined);
  assert.ok(readTraceExport({ ...endpoint, OTEL_SDK_DISABLED: "no" }));
});

test("a user and a password of the URL are not shown", () => {
  const url = "https://ada:pa55word@otel.example:4318/base?token=t";
  const read = readTraceExport({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
  assert.equal(read?.shownEndpoint, "https://otel.example:4318/base");
});

const wrong: readonly (readonly [name: string, value: string])[] = [
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://secret"],
  ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "secret"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"],
  ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"],
  ["OTEL_TRACES_EXPORTER", "zipkin"],
  ["OTEL_EXPORTER_OTLP_COMPRESSION", "br"],
  ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"],
  ["OTEL_TRACES_SAMPLER", "always"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "soon"],
  ["OTEL_BSP_SCHEDULE_DELAY", "0"],
  ["OTEL_BSP_MAX_QUEUE_SIZE", "-1"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "secret"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a=secret,=secret"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a=%E0%A4%Asecret"],
  ["OTEL_RESOURCE_ATTRIBUTES", "secret"],
];

test("a value that is wrong is refused, and not repeated", () => {
  for (const [name, value] of wrong) {
    const refused = (error: unknown): boolean => {
      assert.ok(error instanceof ServiceError && error.code === "setting-invalid");
      assert.ok(error.message.startsWith(`${name}: `), error.message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    };
    assert.throws(() => readTraceExport({ ...endpoint, [name]: value }), refused, value);
    // It does not matter while nothing is exported.
    if (!name.endsWith("ENDPOINT")) assert.equal(readTraceExport({ [name]: value }), undefined);
  }
});

test("a ratio is a number from 0 to 1, where the sampler has one", () => {
  const read = (sampler: string, ratio: string) =>
    readTraceExport({
      ...endpoint,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: ratio,
    });
  for (const ratio of ["0", "1", "0.5", ""]) assert.ok(read("parentbased_traceidratio", ratio));
  for (const ratio of ["-1", "1.1", "half", "NaN"]) {
    assert.throws(() => read("parentbased_traceidratio", ratio), /OTEL_TRACES_SAMPLER_ARG: /);
    assert.throws(() => read("traceidratio", ratio), /from 0 to 1 with traceidratio/);
    assert.ok(read("always_on", ratio));
  }
});

test("lists may be percent-encoded and have an = in their values", () => {
  const headers = "authorization=Bearer%20a==,x-scope=b, y = c";
  assert.ok(readTraceExport({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers }));
});

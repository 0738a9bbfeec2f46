import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCause, ErrorCode } from "../../../../core/base/mod.ts";
import { GatewayMetrics } from "../../../../core/telemetry/mod.ts";
import { MemoryMetrics } from "../../../support/memory/mod.ts";

test("every close cause and error code has a counter from the start, at 0", () => {
  const memory = new MemoryMetrics();
  const metrics = new GatewayMetrics(memory);
  const closed = (cause: CloseCause): number | undefined =>
    memory.value("wss_connections_closed_total", { cause });
  const errors = (code: ErrorCode): number | undefined =>
    memory.value("wss_errors_total", { code });
  const causes = Object.values(CloseCause);
  const codes = Object.keys(ErrorCode) as ErrorCode[];
  for (const cause of causes) assert.equal(closed(cause), 0, cause);
  for (const code of codes) assert.equal(errors(code), 0, code);
  metrics.closed(causes[0]!);
  metrics.error(codes[0]!);
  assert.deepEqual([closed(causes[0]!), errors(codes[0]!)], [1, 1]);
  assert.equal(memory.total("wss_connections_closed_total"), 1);
  assert.equal(memory.total("wss_errors_total"), 1);
});

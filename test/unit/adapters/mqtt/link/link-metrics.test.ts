import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkMetrics } from "../../../../../adapters/mqtt/link/link-metrics.ts";
import { MemoryMetrics } from "../../../../support/memory/mod.ts";

test("links of one role are up if all of them are that were not stopped", () => {
  const metrics = new MemoryMetrics();
  const links = new LinkMetrics(metrics, "mq-a:1883");
  const [one, two, other] = Array.from({ length: 3 }, () => ({ up: true, stopped: false }));
  links.opened("presence", one!);
  links.opened("presence", two!);
  links.opened("events", other!);
  const read = (link: string): number | undefined =>
    metrics.value("wss_broker_link_up", { broker: "mq-a:1883", link });
  assert.deepEqual([read("presence"), read("events")], [1, 1]);
  two!.up = false;
  assert.deepEqual([read("presence"), read("events")], [0, 1]);
  two!.stopped = true;
  assert.equal(read("presence"), 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { plainClient } from "../../support/broker/broker-rigs.ts";
import { errorsOf, OriginRig } from "../../support/origins/origin-rig.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

test("stored events reach no handler, and each is told as an error", async () => {
  const rig = await OriginRig.start();
  const proxy = await TcpProxy.start(rig.broker.port);
  const publisher = await plainClient(rig.broker.port);
  try {
    const origin = await rig.connect({ broker: proxy.url });
    const codes = errorsOf(origin);
    const opened: string[] = [];
    origin.on("open", ({ connection }) => void opened.push(connection.id));
    const batch = (id: string): Uint8Array => encode([["open", id, 0, {}]]);
    for (const topic of ["events/0/n1", "origins/o1/events/n1"]) {
      await new Promise<void>((resolve) =>
        publisher.publish(
          `wss/v1/default/${topic}`,
          batch(`n1.${topic.length}`),
          () => resolve(),
          true,
        ),
      );
    }
    // As it is published it has no mark of being stored.
    await waitFor(() => opened.length === 2, { what: "both" });
    for (let session = 1; session <= 2; session++) {
      proxy.cut();
      await waitFor(() => codes.length === 2 * session, { what: "two errors more" });
    }
    rig.gateway.events("n1", "i1", [["open", "n1.new", 0, {}]]);
    await waitFor(() => opened.includes("n1.new"), { what: "the new one" });
    assert.equal(opened.length, 3);
    assert.deepEqual(new Set(codes), new Set(["retained-refused"]));
  } finally {
    await Promise.all([publisher.stop(), rig.stop()]);
    await proxy.close();
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { BackEnd, json } from "../../support/http/back-end.ts";
import { waitFor } from "../../support/process/wait.ts";

describe("an HTTP origin beside a broker", { concurrency: 2 }, () => {
  for (const runtime of gatewayRuntimes) {
    it(`serves the connections of two nodes, on ${runtime}`, async () => {
      await using broker = await Mosquitto.start();
      await using backEnd = await BackEnd.start();
      const opened: string[] = [];
      backEnd.react = ({ said, id }, response) => {
        if (said === "open") opened.push(id);
        // To everybody, whichever node they are at.
        if (said === "hello") json(response, [["send", opened, "hello all"]]);
        else response.end();
      };
      const flags = ["--broker", broker.url(), "--origin", backEnd.url];
      flags.push("--drain-period", "0ms", "--presence-interval", "1s");
      const start = (node: string): ReturnType<typeof startGateway> =>
        startGateway({ runtime, flags: [...flags, "--node-name", node] });
      await using first = await start("one");
      await using second = await start("two");
      const clients: RawClient[] = [];
      for (const { info } of [first, second, first, second]) {
        const known = opened.length;
        clients.push(await RawClient.open(info.port));
        await waitFor(() => opened.length > known, { what: "the open event" });
      }
      const nodes = opened.map((id) => id.split(".")[0]);
      assert.deepEqual(nodes, ["one", "two", "one", "two"]);
      clients[0]?.text("hello");
      for (const client of clients) assert.equal(await client.nextText(), "hello all");
      first.kill("SIGTERM");
      // They answer no close frame.
      for (const index of [0, 2]) {
        assert.equal((await clients[index]?.closeFrame())?.code, 1012);
        clients[index]?.destroy();
      }
      await first.exited;
      clients[1]?.text("after");
      await backEnd.received("after");
      const closed = (): boolean => backEnd.said.filter((said) => said === "close").length === 2;
      await waitFor(closed, { what: "the closes of the node that left" });
      for (const client of clients) client.destroy();
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf } from "../../support/gateway/control-rig.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { BackEnd, ok } from "../../support/http/back-end.ts";
import { waitFor } from "../../support/process/wait.ts";

const text = "x".repeat(16_384);
/** More than a connection's share of the window, and with those of others more than the window. */
const own = 200;
const others = 800;

describe("a connection whose request hangs", { concurrency: 2 }, () => {
  for (const { runtime, engine } of combinations) {
    it(`harms no other one, on ${runtime}, engine ${engine}`, async () => {
      await using backEnd = await BackEnd.start();
      let release: (() => void) | undefined;
      backEnd.react = (posted, response) => {
        if (posted.said === "hang") release = () => response.end();
        else ok(posted, response);
      };
      const flags = ["--engine", engine, "--origin", backEnd.url, "--origin-timeout", "5m"];
      await using gateway = await startGateway({ runtime, flags });
      const hangs = await RawClient.open(gateway.info.port);
      const talks = await RawClient.open(gateway.info.port);
      hangs.text("hang");
      await waitFor(() => release, { what: "the request that hangs" });
      for (let index = 0; index < own; index++) hangs.text(`own ${index} ${text}`);
      // Deno's own server cannot stop reading; elsewhere the flood stops at its share.
      if (runtime !== "deno" || engine !== "native") {
        const paused = async (): Promise<boolean> =>
          (await metricOf(gateway, "wss_reading_paused")) === 1;
        await waitFor(paused, { what: "that it is not read" });
      }
      for (let index = 0; index < others; index++) talks.text(`other ${index} ${text}`);
      const saidOf = (who: string): number[] =>
        backEnd.said
          .filter((said) => said.startsWith(who))
          .map((said) => Number(said.split(" ")[1]));
      await waitFor(() => saidOf("other").length === others, { what: "all of the other one" });
      assert.deepEqual(saidOf("own"), []);
      const late = await RawClient.open(gateway.info.port);
      late.text("late");
      await backEnd.received("late");
      release?.();
      await waitFor(() => saidOf("own").length === own, { what: "the rest of the first one" });
      assert.deepEqual(saidOf("own"), [...Array(own).keys()]);
      assert.deepEqual(saidOf("other"), [...Array(others).keys()]);
      const { ended } = hangs;
      assert.equal(ended, false);
      for (const client of [hangs, talks, late]) client.destroy();
      await waitFor(() => backEnd.said.filter((said) => said === "close").length === 3);
    });
  }
});

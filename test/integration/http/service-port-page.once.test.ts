import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { blocksOf } from "../../support/docs/docs.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { Listener, ServiceClient } from "../../support/service-port/service-client.ts";

/** The id and the times of the page's answers. */
const shownId = "n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc";
const shownTime = "2023-11-14T22:13:20.000Z";
const anyTime = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

test("the page's requests get the page's answers", async () => {
  const { info } = await startGateway({ flags: ["--service-port", "0", "--node-name", "n1"] });
  await Listener.open(info, "/", "demo/1");
  const [id = ""] = await new ServiceClient(info).ids();
  const env = {
    ...process.env,
    SERVICE: `http://127.0.0.1:${info.servicePort}`,
    ID: id,
    BASE64_ID: Buffer.from(id).toString("base64"),
  };
  const blocks = blocksOf("docs/service-port.md");
  const requests = blocks.filter(({ subject }) => subject === "curl");
  assert.ok(requests.length >= 7, `${requests.length} requests`);
  for (const request of requests) {
    const place = `${request.page}:${request.line}`;
    const answer = blocks[blocks.indexOf(request) + 1];
    assert.equal(answer?.subject, "answer", place);
    const { stdout } = await promisify(execFile)("sh", ["-c", request.body], { env });
    const told = stdout.trim().replaceAll(id, shownId).replace(anyTime, shownTime);
    if (answer?.language !== "json") assert.equal(told, answer?.body.trim(), place);
    else assert.deepEqual(JSON.parse(told), JSON.parse(answer.body), place);
  }
});

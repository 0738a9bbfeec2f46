/**
 * An echo that is called over HTTP, with no library: `npx bun examples/batch-echo/main.ts`, and
 * `npm run serve -- --origin http://127.0.0.1:3000/ --origin-format batch`.
 */
import { createServer } from "node:http";
import process from "node:process";

type Item = readonly unknown[];

/** The answer to one request: commands for its events. */
function answerTo(body: string): Item[] {
  const batch = JSON.parse(body) as Item;
  // Items without numbers, such as the close of connections whose node died, come alone.
  const items = (batch[0] === 1 ? batch[3] : batch) as Item[];
  return items.flatMap(([verb, id, , data]) => (verb === "message" ? [["send", id, data]] : []));
}

const server = createServer(async (request, response) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const answer = answerTo(Buffer.concat(chunks).toString());
  response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
});
const port = Number(process.argv[2] ?? 3000);
server.listen(port, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address !== "object" || address === null) return;
  console.log(`listening on http://127.0.0.1:${address.port}/`);
});

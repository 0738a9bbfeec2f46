// Runs the function for the gateway, which sends each event by POST and takes the result as the
// answer, as with AWS Lambda's Invoke. Argument: a port.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { handler } from "./handler.mjs";

// The AWS SDK signs its requests, also where nobody looks at the signature.
process.env.AWS_REGION ??= "eu-central-1";
process.env.AWS_ACCESS_KEY_ID ??= "local";
process.env.AWS_SECRET_ACCESS_KEY ??= "local";

const server = createServer(async (request, response) => {
  try {
    const result = await handler(JSON.parse(await text(request)));
    response.end(JSON.stringify(result ?? null));
  } catch (error) {
    response.setHeader("X-Amz-Function-Error", "Unhandled");
    response.end(JSON.stringify({ errorMessage: error.message }));
  }
});
server.listen(Number(process.argv[2] ?? 3000), "127.0.0.1", () => console.log("ready"));

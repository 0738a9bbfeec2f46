// A function for a WebSocket API of AWS API Gateway. The same file runs on AWS, under
// serverless-offline, and under this gateway (server.mjs).
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";

/** On AWS this API is where the clients connect. */
function connectionsOf({ domainName, stage }) {
  const endpoint = process.env.CONNECTIONS_URL || `https://${domainName}/${stage}`;
  return new ApiGatewayManagementApiClient({ endpoint });
}

/** What a client gets as the answer of its message. */
const reply = (body) => ({ statusCode: 200, body });
const done = { statusCode: 200 };

export async function handler({ requestContext, queryStringParameters, body }) {
  const { routeKey, connectionId } = requestContext;
  const connections = connectionsOf(requestContext);
  const send = (ConnectionId, Data) =>
    connections.send(new PostToConnectionCommand({ ConnectionId, Data }));

  switch (routeKey) {
    case "$connect":
      return queryStringParameters?.name === undefined ? { statusCode: 401 } : done;

    case "$disconnect":
      console.log(`${connectionId} is gone`);
      return done;

    case "id":
      return reply(connectionId);

    case "tell": {
      const { to, text } = JSON.parse(body);
      try {
        await send(to, text);
        return reply("told");
      } catch (error) {
        if (error.$metadata?.httpStatusCode === 410) return reply("gone");
        throw error;
      }
    }

    case "leave":
      await connections.send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
      return done;

    case "fail":
      throw new Error("on purpose");

    default:
      await send(connectionId, `you said: ${body}`);
      return done;
  }
}

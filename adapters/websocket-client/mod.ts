export {
  type ClientEnd,
  type ClientListener,
  type ClientOptions,
  WebSocketClient,
} from "./websocket-client.ts";

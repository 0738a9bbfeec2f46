export {
  answerRequest,
  type ClientServer,
  type ClientServerOptions,
  failed,
  type ServerTls,
} from "./client-server.ts";
export { createZlibDeflate } from "./deflate.ts";
export { DescriptorWatch } from "./descriptor-watch.ts";
export { FetchRequest, refusalResponse } from "./fetch-request.ts";
export { listenAgain, listenAgainAfterBursts } from "./listen-again.ts";
export { NativeSocket } from "./native-socket.ts";
export { readTarget } from "./request-target.ts";

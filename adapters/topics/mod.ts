export {
  type Brokers,
  type BusPorts,
  type Link,
  type LinkListener,
  type LinkOptions,
  type LinkPorts,
  type OpenLink,
  type PublishDone,
  packetOverheadBytes,
  type SubscribeDone,
} from "./link.ts";
export { LoopbackCheck } from "./loopback-check.ts";
export { loopbackLimits } from "./loopback-limits.ts";
export {
  encodePresence,
  nodePresenceFault,
  originPresenceFault,
  parseNodePresence,
  parseOriginPresence,
} from "./presence.ts";
export { isStop, startSome } from "./start-some.ts";
export {
  decodeGroup,
  encodeGroup,
  isApp,
  isName,
  type ParsedTopic,
  shownTopic,
  Topics,
} from "./topics.ts";

export {
  encodePresence,
  nodePresenceFault,
  originPresenceFault,
  parseNodePresence,
  parseOriginPresence,
} from "./presence.ts";
export { decodeGroup, encodeGroup, isApp, isName, type ParsedTopic, Topics } from "./topics.ts";

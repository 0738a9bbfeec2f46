export { assert } from "./assert.ts";
export {
  CloseCause,
  type CloseReason,
  closedByOrigin,
  closeReasons,
  nodeLostClose,
} from "./close-reasons.ts";
export {
  connectionIdPattern,
  groupByNode,
  isOfNode,
  nodeOf,
  nodeOfConnectionId,
} from "./connection-id.ts";
export {
  closeCodeOf,
  ErrorCode,
  errorCodeOf,
  errorCounter,
  faultCloseCodes,
  isErrorCode,
  isLimit,
  ServiceError,
} from "./errors.ts";
export {
  type AddressRange,
  addressGroup,
  inRange,
  isInRanges,
  isLoopbackAddress,
  isLoopbackHost,
  packAddress,
  parseAddress,
  parseAddressRange,
  plainAddress,
  unpackAddress,
  withoutBrackets,
} from "./ip-address.ts";
export { isMap, parseJson } from "./json.ts";
export { deleteOldest, LatestMap } from "./latest-map.ts";
export { compressedBytesMax, limits } from "./limits.ts";
export {
  appNamePattern,
  everyone,
  headerValuePattern,
  incarnationPattern,
  isGroupName,
  isReserved,
  namePattern,
  tokenPattern,
  topicRootPattern,
  userGroup,
} from "./names.ts";
export { randomFraction, randomName } from "./random.ts";
export { isRoutePattern, parseRoute, type Route } from "./route.ts";
export { afterAwake, backOffMs, every, jittered, ReportTimes } from "./timing.ts";
export { parseTraceparent, type TraceContext, writeTraceparent } from "./trace-context.ts";
export { utf8Exceeds, wellFormed } from "./utf8.ts";

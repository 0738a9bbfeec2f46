import { limits } from "../base/mod.ts";
import { integer, type SettingTable, size, sizeOrOff } from "./kinds/mod.ts";

export interface LimitSettings {
  readonly "max-groups-per-connection": number;
  readonly "max-messages-per-second": number;
  readonly "max-bytes-per-second": number;
  readonly "max-control-frames-per-second": number;
  readonly "max-header-size": number;
  readonly "max-message-size": number;
  readonly "max-publish-size": number;
  readonly "max-inflate-ratio": number;
  readonly "max-fragments": number;
  readonly "send-queue-size": number;
  readonly "event-window-size": number;
}

export const limitSettings: SettingTable<LimitSettings> = {
  "max-groups-per-connection": integer("groups of one connection; a further join is refused", {
    min: 0,
    max: 100_000,
    default: limits.groupsPerConnectionMax,
  }),
  "max-messages-per-second": integer(
    "messages a client may send per second; then closed (1008); 0: no limit",
    { min: 0, max: 1_000_000, default: 0 },
  ),
  "max-bytes-per-second": sizeOrOff(
    "payload a client may send per second, at least max-message-size; then closed (1008); " +
      "0: no limit",
    { min: 1_024, max: 1_073_741_824 },
  ),
  "max-control-frames-per-second": integer(
    "pings and pongs a client may send per second; then closed (1008); 0: no limit",
    { min: 0, max: 1_000_000, default: limits.controlFramesPerSecondMax },
  ),
  "max-header-size": size("request line and headers of a handshake; then 431", {
    min: limits.handshakeHeaderBytesFloor,
    max: limits.handshakeHeaderBytesCeiling,
    default: limits.handshakeHeaderBytesMax,
  }),
  "max-message-size": size("a message from a client, decompressed; then closed (1009)", {
    min: 1,
    max: limits.messageBytesCeiling,
    default: limits.messageBytesMax,
  }),
  "max-publish-size": size(
    "a message to clients; a larger command is refused, a raw group message dropped",
    { min: 1, max: limits.messageBytesCeiling, default: limits.publishBytesMax },
  ),
  "max-inflate-ratio": integer(
    "decompressed to compressed size of a message; 64 KiB a second may exceed it; then closed " +
      "(1009)",
    { min: 2, max: 10_000, default: limits.inflateRatioMax },
  ),
  "max-fragments": integer(
    "frames of a message; then closed (1008); 0: one per 16 bytes of " +
      "max-message-size, at least 1024",
    { min: 0, max: 1_000_000, default: 0 },
  ),
  "send-queue-size": size("bytes one client may leave unread; then closed (1013)", {
    min: 1_024,
    max: 1_073_741_824,
    default: limits.sendQueueBytesMax,
  }),
  "event-window-size": size("size of unacknowledged events at which clients are no longer read", {
    min: 65_536,
    max: 1_073_741_824,
    default: limits.eventWindowBytesMax,
  }),
};

import {
  brokerHang,
  brokerKill,
  brokerStop,
  delays,
  oneBrokerKill,
  packetLoss,
} from "./broker-faults.ts";
import { clientHalfOpen, clientStop } from "./client-faults.ts";
import type { Fault } from "./fault.ts";
import { originMute, originSlow } from "./lone-origin-faults.ts";
import { nodeCut, nodeDeploy, nodeKill, nodePartition, nodeStop } from "./node-faults.ts";
import {
  allOriginsKill,
  originCut,
  originDeploy,
  originKill,
  originKillAuthorized,
  originPartition,
  originStop,
} from "./origin-faults.ts";

/** What can be broken, by a short name. */
export const faults: Readonly<Record<string, Fault>> = {
  originKill,
  allOriginsKill,
  originStop,
  originPartition,
  originCut,
  originDeploy,
  brokerKill,
  brokerStop,
  brokerHang,
  delays,
  packetLoss,
  oneBrokerKill,
  nodeKill,
  nodeStop,
  nodePartition,
  nodeCut,
  nodeDeploy,
  originSlow,
  originMute,
  clientHalfOpen,
  clientStop,
  originKillAuthorized,
};

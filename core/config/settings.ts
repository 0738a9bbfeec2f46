import { type AccessSettings, accessSettings } from "./access-settings.ts";
import { type BrokerSettings, brokerSettings } from "./broker-settings.ts";
import {
  type ClusterSettings,
  clusterSettings,
  type HttpOriginSettings,
  httpOriginSettings,
  type ServiceSettings,
  serviceSettings,
} from "./http-settings.ts";
import type { Setting, SettingTable } from "./kinds/mod.ts";
import { type LimitSettings, limitSettings } from "./limit-settings.ts";
import { type NodeSettings, nodeSettings } from "./node-settings.ts";
import { type OriginSettings, originSettings } from "./origin-settings.ts";
import { type PortSettings, portSettings } from "./port-settings.ts";
import { type TimeSettings, timeSettings } from "./time-settings.ts";
import { type TokenSettings, tokenSettings } from "./token-settings.ts";

/** The values of all settings, by flag name. Durations are in ms, sizes in bytes. */
export interface Settings
  extends PortSettings,
    NodeSettings,
    BrokerSettings,
    OriginSettings,
    HttpOriginSettings,
    ClusterSettings,
    ServiceSettings,
    AccessSettings,
    TokenSettings,
    LimitSettings,
    TimeSettings {}

export type SettingName = keyof Settings;

/** The settings that `help GROUP` shows on one screen, and the docs in one table. */
export interface SettingGroup {
  readonly about: string;
  readonly settings: Readonly<Record<string, Setting>>;
}

export const settingGroups: ReadonlyMap<string, SettingGroup> = new Map<string, SettingGroup>([
  ["ports", { about: "client port, admin port, TLS, proxies", settings: portSettings }],
  [
    "node",
    {
      about: "name, workers, engine, log, start, end and traces",
      settings: nodeSettings,
    },
  ],
  ["broker", { about: "the MQTT broker and the connection to it", settings: brokerSettings }],
  ["origins", { about: "which origins get events, and what they see", settings: originSettings }],
  ["http", { about: "origins that are called over HTTP", settings: httpOriginSettings }],
  ["cluster", { about: "nodes without a broker", settings: clusterSettings }],
  ["service", { about: "commands to this node over HTTP", settings: serviceSettings }],
  ["access", { about: "who may connect, and how many", settings: accessSettings }],
  ["tokens", { about: "JSON Web Tokens, with --authorize jwt", settings: tokenSettings }],
  ["limits", { about: "sizes, rates and counts", settings: limitSettings }],
  ["times", { about: "timeouts and intervals", settings: timeSettings }],
]);

/** Every setting of the command line. A test compares the tables of `docs/` with it. */
export const settings: SettingTable<Settings> = {
  ...portSettings,
  ...nodeSettings,
  ...brokerSettings,
  ...originSettings,
  ...httpOriginSettings,
  ...clusterSettings,
  ...serviceSettings,
  ...accessSettings,
  ...tokenSettings,
  ...limitSettings,
  ...timeSettings,
};

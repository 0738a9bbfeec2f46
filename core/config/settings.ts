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

/** The settings that `help SECTION` shows on one screen, and the docs in one table. */
export interface SettingGroup {
  readonly about: string;
  /** Words after the name of the program. */
  readonly example: string;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** No section has the name of a command: `help NAME` shows one thing. */
export const settingGroups: ReadonlyMap<string, SettingGroup> = new Map<string, SettingGroup>([
  [
    "ports",
    {
      about: "client port, admin port, TLS, proxies",
      example: "serve --port 8443 --tls-cert /etc/tls/tls.crt --tls-key /etc/tls/tls.key",
      settings: portSettings,
    },
  ],
  [
    "node",
    {
      about: "name, workers, engine, log, start, end and traces",
      example: "serve --node-name edge-1 --workers 4 --log-level info,handshake=debug",
      settings: nodeSettings,
    },
  ],
  [
    "broker",
    {
      about: "the MQTT broker and the connection to it",
      example: "serve --broker mqtts://mq-1.example,mqtts://mq-2.example --mqtt-version 5",
      settings: brokerSettings,
    },
  ],
  [
    "events",
    {
      about: "which origins get events, and what they see",
      example: "serve --routes /chat/:room=chat,/files/*=files --cookies session",
      settings: originSettings,
    },
  ],
  [
    "http",
    {
      about: "origins that are called over HTTP",
      example: "serve --origin http://app-1.example/ws,http://app-2.example/ws",
      settings: httpOriginSettings,
    },
  ],
  [
    "cluster",
    {
      about: "nodes without a broker",
      example: "serve --cluster http --peers http://127.0.0.1:8083,http://127.0.0.1:8084",
      settings: clusterSettings,
    },
  ],
  [
    "service",
    {
      about: "commands to this node over HTTP",
      example: "serve --service-port 8082 --aws-access-keys-file /etc/aws-keys",
      settings: serviceSettings,
    },
  ],
  [
    "access",
    {
      about: "who may connect, and how many",
      example: "serve --allowed-origins https://shop.example --max-connections-per-ip 100",
      settings: accessSettings,
    },
  ],
  [
    "tokens",
    {
      about: "JSON Web Tokens, with --authorize jwt",
      example: "serve --authorize jwt --jwt-jwks https://id.example/keys --jwt-issuer me",
      settings: tokenSettings,
    },
  ],
  [
    "limits",
    {
      about: "sizes, rates and counts",
      example: "serve --max-message-size 64KiB --max-messages-per-second 20",
      settings: limitSettings,
    },
  ],
  [
    "times",
    {
      about: "timeouts and intervals",
      example: "serve --ping-interval 20s --idle-timeout 10m",
      settings: timeSettings,
    },
  ],
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

import { topicRootPattern } from "../base/mod.ts";
import {
  choice,
  file,
  host,
  matching,
  path,
  port,
  type SettingTable,
  toggle,
} from "./kinds/mod.ts";

export interface BrokerSettings {
  readonly broker: string;
  readonly "broker-port": number;
  readonly "broker-host": string;
  readonly "broker-user": string;
  readonly "broker-password": string;
  readonly "broker-password-file": string;
  readonly "mqtt-ca": string;
  readonly "mqtt-cert": string;
  readonly "mqtt-key": string;
  readonly "mqtt-version": "auto" | "4" | "5";
  readonly "mqtt-data-lane": boolean;
  readonly "stream-qos": "0" | "1";
  readonly "topic-root": string;
}

/** 1 to 65535. */
const portPattern = "[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5]";
const hostPattern = "\\[[0-9a-fA-F:.]+\\]|[^\\s/:@,[\\]]{1,255}";
const authority = `([^\\s/@]{0,512}@)?(${hostPattern})(:(${portPattern}))?`;
const url = `mqtts?://${authority}/?`;

export const brokerSettings: SettingTable<BrokerSettings> = {
  broker: matching(
    "MQTT broker, or several with commas between them, which share the streams; embedded runs " +
      "one in this process; none is the default with --origin and --cluster http",
    {
      allowed: "embedded, none, or URLs mqtt://user:pass@host:1883 or mqtts://…, up to 16",
      pattern: new RegExp(`^(embedded|none|${url}(,${url}){0,15})$`),
      default: "embedded",
    },
  ),
  "broker-port": port("port of the embedded broker; 0 picks a free port", { default: 1883 }),
  "broker-host": host("address of the embedded broker", { default: "127.0.0.1" }),
  "broker-user": matching("user name that the embedded broker requires; empty: no login", {
    allowed: "up to 256 characters",
    pattern: /^\P{Cc}{0,256}$/u,
  }),
  "broker-password": {
    secret: true,
    ...matching("password of --broker-user; safer in the environment or a file", {
      allowed: "up to 1024 characters",
      pattern: /^[^\0]{0,1024}$/s,
    }),
  },
  "broker-password-file": path(
    "file with the password of --broker-user; a line break at its end is ignored",
  ),
  "mqtt-ca": file("CA certificate that verifies an mqtts:// broker"),
  "mqtt-cert": file("client certificate of this node for an mqtts:// broker"),
  "mqtt-key": file("private key of --mqtt-cert"),
  "mqtt-version": choice("MQTT version; 4 is MQTT 3.1.1, auto tries 5 and then 4", {
    of: ["auto", "4", "5"],
    default: "auto",
  }),
  "mqtt-data-lane": toggle(
    "handle MQTT packets at QoS 0 without the library MQTT.js, which costs less",
    { default: true },
  ),
  "stream-qos": choice("MQTT QoS of numbered streams; what is lost at 0 is sent again", {
    of: ["0", "1"],
    default: "0",
  }),
  "topic-root": matching("first level of every MQTT topic", {
    allowed: "1 to 32 letters, digits, - and _",
    pattern: topicRootPattern,
    default: "wss",
  }),
};

import {
  type LogLevels,
  type SettingName,
  type Settings,
  settings as table,
} from "../../../core/config/mod.ts";

/** The settings that a running node takes over. A test compares them with the docs. */
export const reloadable: readonly SettingName[] = [
  "tls-cert",
  "tls-key",
  "log-level",
  "allowed-origins",
  "max-connections",
  "max-connections-per-ip",
  "max-handshakes-per-ip",
  "max-handshake-rate-per-ip",
  "max-groups-per-connection",
  "max-messages-per-second",
  "max-bytes-per-second",
  "max-control-frames-per-second",
  "max-publish-size",
  "send-queue-size",
  "jwt-from",
  "jwt-secret",
  "jwt-secret-file",
  "jwt-key",
  "jwt-jwks",
  "jwt-issuer",
  "jwt-any-issuer",
  "jwt-audience",
  "jwt-any-audience",
  "jwt-algorithms",
  "jwt-user-claim",
  "jwt-groups-claim",
  "jwt-clock-tolerance",
  "jwt-require-expiry",
];

/** What differs between the settings of a node and those that were read again. */
export interface SettingChanges {
  /** The settings that the node has from now on. */
  readonly settings: Settings;
  /** `NAME: VALUE, was VALUE` for each that changes; a secret is only named. */
  readonly changed: readonly string[];
  /** Names of those that only a new start takes over. */
  readonly restart: readonly SettingName[];
}

export function changesOf(current: Settings, next: Settings): SettingChanges {
  const names = (Object.keys(table) as SettingName[]).filter(
    (name) => JSON.stringify(current[name]) !== JSON.stringify(next[name]),
  );
  // A port cannot begin to speak TLS, or end it, while it is open.
  const keepsTls = (current["tls-cert"] === "") === (next["tls-cert"] === "");
  const taken = names.filter((name) => {
    return reloadable.includes(name) && (keepsTls || !name.startsWith("tls-"));
  });
  return {
    settings: { ...current, ...Object.fromEntries(taken.map((name) => [name, next[name]])) },
    changed: taken.map((name) => changeText(name, current, next)),
    restart: names.filter((name) => !taken.includes(name)),
  };
}

function changeText(name: SettingName, current: Settings, next: Settings): string {
  if (table[name].secret === true) return name;
  return `${name}: ${shown(next[name])}, was ${shown(current[name])}`;
}

function shown(value: Settings[SettingName]): string {
  if (typeof value !== "object") return value === "" ? "empty" : String(value);
  if (Array.isArray(value)) return value.length === 0 ? "empty" : value.join(",");
  const { level, categories } = value as LogLevels;
  return [level, ...Object.entries(categories).map((entry) => entry.join("="))].join(",");
}

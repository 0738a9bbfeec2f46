import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { MqttTls } from "../../adapters/mqtt/mod.ts";
import { ServiceError } from "../../core/base/mod.ts";
import type { SettingName, Settings } from "../../core/config/mod.ts";
import type { ServerTls } from "../server/mod.ts";

type PathSetting = SettingName & ("tls-cert" | "tls-key" | "mqtt-ca" | "mqtt-cert" | "mqtt-key");

/** What the settings name files of. */
export interface TlsFiles {
  /** The client port speaks TLS where there is one. */
  readonly server: ServerTls | undefined;
  readonly mqtt: MqttTls | undefined;
}

/** Reads and checks the files. Throws `setting-invalid`, which names the setting and the file. */
export function readTlsFiles(settings: Settings): TlsFiles {
  const ca = read(settings, "mqtt-ca");
  if (ca !== undefined) checkCertificate(settings, "mqtt-ca", ca);
  const client = readPair(settings, "mqtt-cert", "mqtt-key");
  const mqtt = { ...(ca === undefined ? {} : { ca }), ...client };
  return {
    server: readPair(settings, "tls-cert", "tls-key"),
    mqtt: Object.keys(mqtt).length === 0 ? undefined : mqtt,
  };
}

/** A certificate and the key that belongs to it. */
function readPair(
  settings: Settings,
  certName: PathSetting,
  keyName: PathSetting,
): ServerTls | undefined {
  const cert = read(settings, certName);
  const key = read(settings, keyName);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw wrong(`--${keyName} needs --${certName}`);
  if (key === undefined) throw wrong(`--${certName} needs --${keyName}`);
  const certificate = checkCertificate(settings, certName, cert);
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw wrong(`--${keyName}: ${settings[keyName]} is no #key in PEM`, error);
  }
  if (!matches) {
    throw wrong(`--${keyName}: ${settings[keyName]} is not the key of ${settings[certName]}`);
  }
  return { cert, key };
}

function checkCertificate(settings: Settings, name: PathSetting, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw wrong(`--${name}: ${settings[name]} is no certificate in PEM`, error);
  }
}

function read(settings: Settings, name: PathSetting): string | undefined {
  const path = settings[name];
  if (path === "") return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = "unreadable" } = error as NodeJS.ErrnoException;
    throw wrong(`--${name}: ${path} cannot be read (${code})`, error);
  }
}

function wrong(message: string, cause?: unknown): ServiceError {
  return new ServiceError("setting-invalid", message, { cause });
}

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { MqttTls } from "../../../adapters/mqtt/mod.ts";
import type { SettingName, Settings } from "../../../core/config/mod.ts";
import type { ServerTls } from "../../server/mod.ts";
import { readSettingFile, settingInvalid } from "./read-file.ts";

type PathSetting = SettingName &
  ("tls-cert" | "tls-key" | "mqtt-ca" | "mqtt-cert" | "mqtt-key" | "cluster-ca");

/** TLS material from the files that the settings name. */
export interface TlsFiles {
  /** The client port speaks TLS if there is one. */
  readonly server: ServerTls | undefined;
  readonly mqtt: MqttTls | undefined;
  /** The authority of `https://` peers in PEM. */
  readonly clusterCa: string | undefined;
}

/** Reads and checks the files. Throws `setting-invalid` with the setting and the file. */
export function readTlsFiles(settings: Settings): TlsFiles {
  const ca = readAuthority(settings, "mqtt-ca");
  const client = readPair(settings, "mqtt-cert", "mqtt-key");
  const mqtt = { ...(ca === undefined ? {} : { ca }), ...client };
  return {
    server: readPair(settings, "tls-cert", "tls-key"),
    mqtt: Object.keys(mqtt).length === 0 ? undefined : mqtt,
    clusterCa: readAuthority(settings, "cluster-ca"),
  };
}

function readAuthority(settings: Settings, name: PathSetting): string | undefined {
  const ca = readSettingFile(name, settings[name]);
  if (ca !== undefined) checkCertificate(settings, name, ca);
  return ca;
}

/** A certificate and its private key; undefined if neither is set. */
function readPair(
  settings: Settings,
  certName: PathSetting,
  keyName: PathSetting,
): ServerTls | undefined {
  const cert = readSettingFile(certName, settings[certName]);
  const key = readSettingFile(keyName, settings[keyName]);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw settingInvalid(`--${keyName} needs --${certName}`);
  if (key === undefined) throw settingInvalid(`--${certName} needs --${keyName}`);
  const certificate = checkCertificate(settings, certName, cert);
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw settingInvalid(`--${keyName}: ${settings[keyName]} is not a private key in PEM`, error);
  }
  if (!matches) {
    throw settingInvalid(
      `--${keyName}: ${settings[keyName]} is not the key of ${settings[certName]}`,
    );
  }
  return { cert, key };
}

function checkCertificate(settings: Settings, name: PathSetting, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw settingInvalid(`--${name}: ${settings[name]} is not a certificate in PEM`, error);
  }
}

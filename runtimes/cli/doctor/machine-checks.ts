import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { descriptorsMax } from "../../../adapters/system/mod.ts";
import { limits } from "../../../core/base/mod.ts";
import type { SettingName, Settings } from "../../../core/config/mod.ts";
import { askOnce } from "../command/mod.ts";
import type { Findings } from "./finding.ts";

const dayMs = 86_400_000;
/** A certificate is renewed before that; Let's Encrypt's last for 90 days, or 6. */
const expiryDays = 14;
/** Of `/metrics`, with many workers and apps. */
const metricsBytesMax = 16_777_216;

/** Whether this process could open what the connections of `--max-connections` need. */
export function checkDescriptors(settings: Settings, findings: Findings): void {
  const max = descriptorsMax();
  if (max === undefined) {
    findings.unknown("descriptors", "the limit of open files is not known on this system");
    return;
  }
  const wanted = settings["max-connections"];
  const room = max - limits.descriptorsSpare;
  if (wanted <= room) {
    findings.ok("descriptors", `${max} open files are enough for ${wanted} connections`);
    return;
  }
  const isDefault = wanted === limits.connectionsCeiling;
  const said = `this process may open ${max} files: at most ${room} connections`;
  const advice =
    "raise the limit (LimitNOFILE= of systemd, or ulimit -n), or set --max-connections lower";
  if (isDefault && room > 10_000) findings.ok("descriptors", said);
  else findings.warning("descriptors", said, advice);
}

/** Whether certificates that the settings name are valid today, and for some days. */
export function checkCertificates(settings: Settings, findings: Findings): void {
  const names = ["tls-cert", "mqtt-ca", "mqtt-cert", "cluster-ca"] as const;
  for (const name of names) {
    const path = settings[name];
    if (path === "") continue;
    checkValidity(new X509Certificate(readFileSync(path)), `--${name}`, findings);
  }
}

/** Says whether a certificate is valid today, and for some days. */
export function checkValidity(
  { validFrom, validTo }: { readonly validFrom: string; readonly validTo: string },
  what: string,
  findings: Findings,
): void {
  const now = Date.now();
  const days = Math.floor((Date.parse(validTo) - now) / dayMs);
  const renew = `renew the certificate of ${what}`;
  if (Date.parse(validFrom) > now) {
    findings.failed("certificate", `${what} is valid from ${validFrom} on`, "check the clock");
  } else if (Date.parse(validTo) <= now) {
    findings.failed("certificate", `${what} has expired: ${validTo}`, renew);
  } else if (days < expiryDays) {
    findings.warning("certificate", `${what} expires in ${days} days: ${validTo}`, renew);
  } else findings.ok("certificate", `${what} is valid for ${days} days`);
}

/** Whether the ports that the gateway will listen on are free. */
export async function checkPorts(settings: Settings, findings: Findings): Promise<void> {
  const pairs: readonly (readonly [port: SettingName, host: SettingName, used: boolean])[] = [
    ["port", "host", true],
    ["admin-port", "admin-host", true],
    ["broker-port", "broker-host", settings.broker === "embedded"],
    ["service-port", "service-host", settings["service-port"] !== undefined],
    ["cluster-port", "cluster-host", settings.cluster === "http"],
  ];
  const runs = await gatewayRuns(settings);
  for (const [name, hostName, used] of pairs) {
    const port = Number(settings[name]);
    if (!used || port === 0) continue;
    const host = String(settings[hostName]);
    const fault = await listenFault(host, port);
    const check = `port ${port}`;
    if (fault === undefined) findings.ok(check, `--${name}: free on ${host}`);
    else if (fault === "EADDRINUSE" && runs) {
      const said = `--${name}: taken, and a gateway runs here`;
      findings.warning(check, said, "nothing to change, unless another gateway is to start here");
    } else if (fault === "EADDRINUSE") {
      const advice = `end what listens there, or choose another --${name}`;
      findings.failed(check, `--${name}: another program listens on ${host}:${port}`, advice);
    } else {
      const advice = `choose another --${name} or --${hostName}`;
      findings.failed(check, `--${name}: cannot listen on ${host}:${port}: ${fault}`, advice);
    }
  }
}

/** Whether a gateway answers on the admin port of the settings. */
async function gatewayRuns(settings: Settings): Promise<boolean> {
  const host = settings["admin-host"];
  const named = host.includes(":") ? `[${host}]` : host;
  try {
    const url = `http://${named}:${settings["admin-port"]}/metrics`;
    const { body } = await askOnce(url, {}, { timeoutMs: 1_000, answerBytesMax: metricsBytesMax });
    return Buffer.from(body).includes("wss_");
  } catch {
    return false;
  }
}

/** Why nobody can listen there; undefined if one can. */
function listenFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

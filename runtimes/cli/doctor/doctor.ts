import type { MqttTls } from "../../../adapters/mqtt/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import { adviceOn } from "../settings/mod.ts";
import { checkBrokers } from "./broker-checks.ts";
import { checkKeysAndClock } from "./clock-checks.ts";
import { type Finding, Findings } from "./finding.ts";
import { checkCertificates, checkDescriptors, checkPorts } from "./machine-checks.ts";
import { type CheckedRole, checkRole } from "./role-checks.ts";

export interface DoctorOptions {
  readonly tls: MqttTls | undefined;
  readonly roles: readonly CheckedRole[];
  /** Called with each finding as soon as it is there. */
  readonly found: (finding: Finding) => void;
}

/** Tries everything that the settings name. Leaves the broker as it was. */
export async function examine(settings: Settings, options: DoctorOptions): Promise<Finding[]> {
  const { tls, roles, found } = options;
  const findings = new Findings(found);
  findings.ok("settings", "the settings are valid");
  for (const sentence of adviceOn(settings)) {
    findings.warning("settings", sentence, "change this, unless it is intended");
  }
  checkDescriptors(settings, findings);
  checkCertificates(settings, findings);
  await checkPorts(settings, findings);
  await checkKeysAndClock(settings, findings);
  if (settings.broker === "embedded" || settings.broker === "none") {
    findings.unknown("connect", `--broker ${settings.broker}: there is no broker to try`);
    return findings.all;
  }
  await checkBrokers(settings, tls, {
    findings,
    connected: async (node, trial) => {
      for (const role of roles) await checkRole(node, trial, role);
    },
  });
  return findings.all;
}

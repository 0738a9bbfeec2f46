import process from "node:process";
import { brokerUrls } from "../../../adapters/mqtt/brokers/mod.ts";
import { parseBrokerUrl } from "../../../adapters/mqtt/mod.ts";
import { matching } from "../../../core/config/mod.ts";
import {
  type CliCommand,
  defineCommand,
  ExitCode,
  jsonOption,
  type Option,
  type OptionTable,
  say,
} from "../command/mod.ts";
import { type CheckedRole, examine, type Finding } from "../doctor/mod.ts";
import { gatewaySettings, readTlsFiles, settingInvalid } from "../settings/mod.ts";

interface DoctorOptions {
  readonly "as-origin": string;
  readonly "as-device": string;
  readonly json: boolean;
}

function login(about: string): Option<string> {
  const allowed = "USER:PASSWORD, percent-encoded as in a URL";
  const login = matching(about, { allowed, pattern: /^([^\s:@/]{1,256}:[^\s@/]{0,1024})?$/ });
  return { ...login, secret: true, shown: "USER:PASSWORD" };
}

const options: OptionTable<DoctorOptions> = {
  "as-origin": {
    ...login("login of an origin, whose rules are tried too"),
    variable: "DOCTOR_ORIGIN",
  },
  "as-device": {
    ...login("login of a device, whose rules are tried too"),
    variable: "DOCTOR_DEVICE",
  },
  json: jsonOption,
};

export const doctor: CliCommand = defineCommand<DoctorOptions>({
  name: "doctor",
  summary: "check settings against a live broker and this machine, and say what to change",
  about:
    "It takes the settings of `serve`. It tries ports, certificates, open files, keys, clocks; " +
    "at each broker the connection, retained messages, packet limit, and the rules of the node " +
    "and of other roles, attacks included. It publishes empty batches alone. Ends with 1 if a " +
    "check failed.",
  takesSettings: true,
  options,
  examples: [
    { line: "doctor --broker mqtt://edge-1:secret@127.0.0.1 --node-name edge-1", about: "a node" },
    {
      line: "doctor --config gateway.json --as-origin shop-1:secret --json",
      about: "settings of a file, and an origin",
    },
  ],
  run: async ({ options: given, flags, platform }) => {
    const settings = gatewaySettings(flags, { platform });
    const { mqtt: tls } = readTlsFiles(settings);
    const [url = ""] = brokerUrls(settings.broker);
    const roles = (["origin", "device"] as const).flatMap((kind): CheckedRole[] => {
      const words = given[`as-${kind}`];
      return words === "" ? [] : [{ kind, tls, url: roleUrl(url, words) }];
    });
    // Whoever reads our output may have gone, such as `head`.
    process.stdout.on("error", () => {});
    const print = (finding: Finding): void => {
      if (!given.json) process.stdout.write(`${lines(finding).join("\n")}\n`);
    };
    const findings = await examine(settings, { tls, roles, found: print });
    const failures = findings.filter(({ status }) => status === "failed").length;
    if (given.json) await say(JSON.stringify(findings));
    else await say(failures === 0 ? "nothing has failed" : `${failures} failed`);
    return failures === 0 ? ExitCode.clean : ExitCode.failure;
  },
});

/** The broker's URL with another login. */
function roleUrl(url: string, words: string): string {
  if (!/^mqtts?:/.test(url)) throw settingInvalid("--as-origin and --as-device need --broker");
  const changed = url.replace(/^([a-z]+:\/\/)(?:.*@)?/, (_, scheme) => `${scheme}${words}@`);
  parseBrokerUrl(changed);
  return changed;
}

function lines({ check, status, said, advice }: Finding): string[] {
  const mark = { ok: "ok", warning: "warning", failed: "FAILED", unknown: "unknown" }[status];
  const first = `${mark.padEnd(8)} ${check.padEnd(11)} ${said}`;
  return advice === undefined ? [first] : [first, `${" ".repeat(21)}→ ${advice}`];
}

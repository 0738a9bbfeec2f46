import { requestJson } from "../../../adapters/jwt/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import type { Findings } from "./finding.ts";

const fetchMs = 5_000;
/** The header Date has whole seconds, and the answer takes a while. */
const dateErrorMs = 2_000;

/**
 * Whether the key set of `--jwt-jwks` can be fetched, and what its server's clock says. Without a
 * server that says its time nothing is known of the clock.
 */
export async function checkKeysAndClock(settings: Settings, findings: Findings): Promise<void> {
  const url = settings["jwt-jwks"];
  if (settings.authorize !== "jwt" || url === "") return;
  const started = Date.now();
  let answer: Response;
  try {
    // The gateway's own request, by which the same addresses and ports are refused.
    answer = await requestJson(new URL(url), AbortSignal.timeout(fetchMs));
    await answer.body?.cancel();
  } catch (error) {
    // The error's own message may repeat the URL.
    const { cause, code, name } = error as NodeJS.ErrnoException & {
      cause?: NodeJS.ErrnoException;
    };
    const why = cause?.code ?? code ?? cause?.message ?? name;
    findings.failed(
      "keys",
      `--jwt-jwks cannot be fetched: ${why}`,
      "check the URL and its server",
    );
    return;
  }
  if (!answer.ok) {
    findings.failed("keys", `--jwt-jwks answers ${answer.status}`, "check the URL");
    return;
  }
  findings.ok("keys", "--jwt-jwks can be fetched");
  const date = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(date)) return;
  const now = Date.now();
  // Its time lies between the request and the answer.
  const skew = date < started - dateErrorMs ? date - started : Math.max(0, date - now);
  sayClock("the server of --jwt-jwks", skew, { settings, findings });
}

/** Says how far our clock is from another one: `skewMs` is positive if the other is ahead. */
export function sayClock(
  other: string,
  skewMs: number,
  { settings, findings }: { readonly settings: Settings; readonly findings: Findings },
): void {
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const tolerance = Math.max(settings["jwt-clock-tolerance"], dateErrorMs);
  if (Math.abs(skewMs) <= tolerance) {
    findings.ok("clock", `this clock and that of ${other} agree`);
    return;
  }
  const way = skewMs > 0 ? "behind" : "ahead of";
  const said = `this clock is ${seconds} s ${way} that of ${other}`;
  findings.failed("clock", said, "let NTP set both clocks: tokens and heartbeats depend on them");
}

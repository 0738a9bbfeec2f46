import type { Settings } from "../../core/config/mod.ts";
import { sameOriginOnly } from "../compose/mod.ts";

/** What is allowed and rarely meant: a sentence each, with the flag that says that it is meant. */
export function adviceOn(settings: Settings): string[] {
  const advice: string[] = [];
  if (sameOriginOnly(settings)) {
    advice.push(
      "cookies are used and --allowed-origins is empty: only pages of the host that they " +
        "connect to may connect; name the pages in --allowed-origins, or * if you mean every page",
    );
  }
  if (settings.authorize !== "jwt") return advice;
  if (settings["jwt-audience"] === "" && !settings["jwt-any-audience"]) {
    advice.push(
      "tokens that were made for any other service are accepted: set --jwt-audience, or " +
        "--jwt-any-audience if you mean it",
    );
  }
  if (settings["jwt-issuer"] === "" && !settings["jwt-any-issuer"]) {
    advice.push(
      "tokens of any issuer are accepted that a known key has signed: set --jwt-issuer, or " +
        "--jwt-any-issuer if you mean it",
    );
  }
  return advice;
}

import type { Settings } from "../../core/config/mod.ts";

/** Whether a cookie says who somebody is: then any page could speak in the name of its visitor. */
export function usesCookies(settings: Settings): boolean {
  const { cookies, headers } = settings;
  if (cookies.length > 0) return true;
  if (headers.some((name) => name.toLowerCase() === "cookie")) return true;
  const sources = settings.authorize === "jwt" ? settings["jwt-from"] : [];
  return sources.some((source) => source.startsWith("cookie:"));
}

/** Whether only pages of the host that is connected to may connect. */
export function sameOriginOnly(settings: Settings): boolean {
  return settings["allowed-origins"].length === 0 && usesCookies(settings);
}

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

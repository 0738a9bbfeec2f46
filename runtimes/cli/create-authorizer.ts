import { readFileSync } from "node:fs";
import { JwtAuthorizer, type JwtPorts } from "../../adapters/jwt/mod.ts";
import { ServiceError } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";

/**
 * The authorizer of `--authorize jwt`; undefined for other values. Rejects with `setting-invalid`
 * if a key is missing or unusable.
 */
export async function createAuthorizer(
  settings: Settings,
  ports: JwtPorts,
): Promise<JwtAuthorizer | undefined> {
  if (settings.authorize !== "jwt") return undefined;
  const secretFile = read("jwt-secret-file", settings["jwt-secret-file"]);
  const secret = settings["jwt-secret"] || secretFile?.replace(/\r?\n$/, "");
  return JwtAuthorizer.create(
    {
      sources: settings["jwt-from"],
      secret,
      publicKeyPem: read("jwt-key", settings["jwt-key"]),
      jwksUrl: settings["jwt-jwks"] || undefined,
      issuer: settings["jwt-issuer"] || undefined,
      audience: settings["jwt-audience"] || undefined,
      algorithms: settings["jwt-algorithms"],
      userClaim: settings["jwt-user-claim"],
      groupsClaim: settings["jwt-groups-claim"],
      clockToleranceMs: settings["jwt-clock-tolerance"],
      expiryRequired: settings["jwt-require-expiry"],
    },
    ports,
  );
}

function read(name: string, path: string): string | undefined {
  if (path === "") return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code = "unreadable" } = cause as NodeJS.ErrnoException;
    const message = `--${name}: ${path} cannot be read (${code})`;
    throw new ServiceError("setting-invalid", message, { cause });
  }
}

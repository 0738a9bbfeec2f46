import { JwtAuthorizer, type JwtPorts } from "../../../adapters/jwt/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import { readSecretFile } from "./read-file.ts";

/** The texts of the files that keys of tokens are in. Throws `setting-invalid`. */
export function readTokenFiles(settings: Settings): readonly (string | undefined)[] {
  if (settings.authorize !== "jwt") return [];
  return [
    readSecretFile("jwt-secret-file", settings["jwt-secret-file"]),
    readSecretFile("jwt-key", settings["jwt-key"]),
  ];
}

/**
 * The authorizer of `--authorize jwt`; undefined for other values. Rejects with `setting-invalid`
 * if a key is missing or unusable.
 */
export async function createAuthorizer(
  settings: Settings,
  ports: JwtPorts,
): Promise<JwtAuthorizer | undefined> {
  if (settings.authorize !== "jwt") return undefined;
  const [secretFile, publicKeyPem] = readTokenFiles(settings);
  const secret = settings["jwt-secret"] || secretFile;
  return JwtAuthorizer.create(
    {
      sources: settings["jwt-from"],
      secret,
      secretSetting: settings["jwt-secret"] === "" ? "jwt-secret-file" : "jwt-secret",
      publicKeyPem,
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

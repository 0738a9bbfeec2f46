import { readFileSync } from "node:fs";
import tls from "node:tls";
import { ServiceError } from "../../core/base/mod.ts";

/** Where systems keep the bundle of the authorities that they trust. */
const bundles: readonly string[] = [
  // Debian, Ubuntu, Alpine, Arch
  "/etc/ssl/certs/ca-certificates.crt",
  // Fedora, Red Hat
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  // openSUSE
  "/etc/ssl/ca-bundle.pem",
  // FreeBSD, macOS
  "/etc/ssl/cert.pem",
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The system's certificate authorities in PEM: those of SSL_CERT_FILE, or else of the system's
 * bundle, and of NODE_EXTRA_CA_CERTS. Undefined if there is no bundle: the runtime's own apply.
 */
export function systemAuthorities(environment: Environment): string | undefined {
  const named = environment.SSL_CERT_FILE || undefined;
  const bundle = firstOf(named === undefined ? bundles : [named]);
  const extra = environment.NODE_EXTRA_CA_CERTS || undefined;
  if (bundle === undefined || extra === undefined) return bundle;
  return `${bundle}\n${firstOf([extra]) ?? ""}`;
}

function firstOf(files: readonly string[]): string | undefined {
  for (const file of files) {
    try {
      return readFileSync(file, "utf8");
    } catch {
      // Other systems keep it elsewhere.
    }
  }
  return undefined;
}

/** Certificate authorities, read once: there are more than a hundred. */
export class Trust {
  readonly #ca: string | undefined;
  #context: tls.SecureContext | undefined;

  /** Undefined for the runtime's own. */
  constructor(ca: string | undefined) {
    this.#ca = ca;
  }

  /** Options of a TLS stream. Throws `setting-invalid` if the authorities cannot be read. */
  get options(): tls.ConnectionOptions {
    if (this.#ca === undefined) return {};
    this.#context ??= contextOf(this.#ca);
    return { secureContext: this.#context };
  }
}

function contextOf(ca: string): tls.SecureContext {
  try {
    return tls.createSecureContext({ ca: [ca] });
  } catch (error) {
    const message = "the certificate authorities are not in PEM";
    throw new ServiceError("setting-invalid", message, { cause: error });
  }
}

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of a test, and what it has signed for 127.0.0.1. In a folder of its own. */
export class Authority {
  readonly folder: string = mkdtempSync(join(tmpdir(), "wss-tls-"));
  readonly caFile: string = join(this.folder, "ca.crt");
  readonly #caKey: string = join(this.folder, "ca.key");

  constructor() {
    this.#issue(this.#caKey, this.caFile, ["-subj", "/CN=authority of a test"]);
  }

  get ca(): string {
    return readFileSync(this.caFile, "utf8");
  }

  /**
   * A new certificate of that name, for these hosts; files of an earlier one are written over.
   */
  issue(name: string, file: string = name, hosts: string = thisHost): Certificate {
    const [certFile, keyFile] = [
      join(this.folder, `${file}.crt`),
      join(this.folder, `${file}.key`),
    ];
    const authority = ["-CA", this.caFile, "-CAkey", this.#caKey, "-subj", `/CN=${name}`];
    const extensions = [`subjectAltName=${hosts}`, "basicConstraints=critical,CA:FALSE"];
    const added = extensions.flatMap((extension) => ["-addext", extension]);
    this.#issue(keyFile, certFile, [...authority, ...added]);
    return { certFile, keyFile };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #issue(keyFile: string, certFile: string, more: readonly string[]): void {
    const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split(" ");
    const files = ["-keyout", keyFile, "-out", certFile, "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...key, ...files, ...more], { stdio: "ignore" });
  }
}

const thisHost = "IP:127.0.0.1,DNS:localhost";

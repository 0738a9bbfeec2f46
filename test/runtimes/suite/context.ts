import type { Handshake, RawClient } from "../../support/clients/raw-client.ts";
import type { Combination, Fixture } from "../../support/socket-fixture/combinations.ts";

/** What the tests of a combination share. */
export interface SuiteContext {
  readonly combination: Combination;
  fixture(): Fixture;
  /** A client whose connection the fixture knows by `name`. */
  open(name: string, handshake?: Handshake): Promise<RawClient>;
}

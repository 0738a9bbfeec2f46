import { after, before } from "node:test";
import { type Handshake, RawClient } from "../support/raw-client.ts";
import { type Combination, Fixture } from "../support/socket-fixture/combinations.ts";
import { answerTests } from "./suite-answers.ts";
import { broadcastTests } from "./suite-broadcast.ts";
import { closeTests } from "./suite-close.ts";
import { faultTests } from "./suite-faults.ts";
import { flowTests } from "./suite-flow.ts";
import { handshakeTests } from "./suite-handshake.ts";
import { lifecycleTests } from "./suite-lifecycle.ts";
import { messageTests } from "./suite-messages.ts";
import { subprotocolTests } from "./suite-subprotocol.ts";
import { waitingTests } from "./suite-waiting.ts";

/** What the tests of a combination share. */
export interface SuiteContext {
  readonly combination: Combination;
  fixture(): Fixture;
  /** A client whose connection the fixture knows by `name`. */
  open(name: string, handshake?: Handshake): Promise<RawClient>;
}

/** The behaviour of a client server, from outside, over a process of its own. */
export function socketSuite(combination: Combination): void {
  let fixture: Fixture | undefined;
  const clients: RawClient[] = [];
  before(async () => {
    fixture = await Fixture.start(combination, { compression: true });
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await fixture?.stop();
  });
  const context: SuiteContext = {
    combination,
    fixture() {
      if (fixture === undefined) throw new Error("the fixture is not up");
      return fixture;
    },
    async open(name, handshake = {}) {
      const mark = handshake.path?.includes("?") ? "&" : "?";
      const path = `${handshake.path ?? "/"}${mark}name=${name}`;
      const client = await RawClient.open(this.fixture().port, { ...handshake, path });
      clients.push(client);
      await this.fixture().event("open", name);
      return client;
    },
  };
  handshakeTests(context);
  answerTests(context);
  waitingTests(context);
  messageTests(context);
  closeTests(context);
  faultTests(context);
  flowTests(context);
  broadcastTests(context);
  subprotocolTests(context);
  lifecycleTests(context);
}

import { after } from "node:test";
import { RawClient } from "../support/clients/raw-client.ts";
import type { Combination } from "../support/socket-fixture/combinations.ts";
import { fixtureForTests } from "../support/socket-fixture/for-tests.ts";
import { answerTests } from "./suite/answers.ts";
import { broadcastTests } from "./suite/broadcast.ts";
import { closeTests } from "./suite/close.ts";
import type { SuiteContext } from "./suite/context.ts";
import { deflateTests } from "./suite/deflate.ts";
import { faultTests } from "./suite/faults.ts";
import { flowTests } from "./suite/flow.ts";
import { handshakeTests } from "./suite/handshake.ts";
import { lifecycleTests } from "./suite/lifecycle.ts";
import { messageTests } from "./suite/messages.ts";
import { refusedTests } from "./suite/refused.ts";
import { requestTests } from "./suite/request.ts";
import { subprotocolTests } from "./suite/subprotocol.ts";
import { waitingTests } from "./suite/waiting.ts";

/** The behaviour of a client server, from outside, over a process of its own. */
export function socketSuite(combination: Combination): void {
  const clients: RawClient[] = [];
  const fixture = fixtureForTests(combination);
  after(() => {
    for (const client of clients) client.destroy();
  });
  const context: SuiteContext = {
    combination,
    fixture,
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
  requestTests(context);
  refusedTests(context);
  answerTests(context);
  waitingTests(context);
  messageTests(context);
  deflateTests(context);
  closeTests(context);
  faultTests(context);
  flowTests(context);
  broadcastTests(context);
  subprotocolTests(context);
  lifecycleTests(context);
}

import { Nats } from "../../support/brokers/nats.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { brokerClusterSuite, brokerSuite } from "./broker-suite.ts";

const skip = skipWithout("nats-server");

// It refuses MQTT 5, so "auto" has to come to 3.1.1.
brokerSuite("NATS", Nats.cluster, { versions: ["auto"], skip });
const skipRestarts =
  process.env.TEST_NATS_CLUSTER === "1"
    ? false
    : "TEST_NATS_CLUSTER=1 runs it: servers that come back refuse clients now and then";
// Three: JetStream needs most of its servers, and of two that is both.
brokerClusterSuite("NATS", Nats.cluster, { size: 3, skip, skipRestarts });

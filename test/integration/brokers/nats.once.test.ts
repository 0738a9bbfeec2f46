import { Nats } from "../../support/brokers/nats.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { brokerSuite } from "./broker-suite.ts";

const skip = skipWithout("nats-server");

// It refuses MQTT 5, so "auto" has to come to 3.1.1.
brokerSuite("NATS", Nats.cluster, { versions: ["auto"], skip });

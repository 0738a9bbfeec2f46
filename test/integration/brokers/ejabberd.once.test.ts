import { Ejabberd } from "../../support/brokers/ejabberd.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { brokerSuite } from "./broker-suite.ts";

const skip = skipWithout("ejabberdctl");

brokerSuite("ejabberd", () => Ejabberd.cluster(), { versions: ["4", "5"], skip });

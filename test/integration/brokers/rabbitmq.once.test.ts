import { RabbitMq } from "../../support/brokers/rabbitmq.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { brokerClusterSuite, brokerSuite } from "./broker-suite.ts";

const skip = skipWithout("rabbitmq-server");
const traits = { versions: ["4", "5"], keepsPresence: false, confirmsInOrder: false } as const;

brokerSuite("RabbitMQ", RabbitMq.cluster, { ...traits, skip });
brokerClusterSuite("RabbitMQ", RabbitMq.cluster, { size: 2, skip });

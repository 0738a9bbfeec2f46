import { RabbitMq } from "../../support/brokers/rabbitmq.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { brokerSuite } from "./broker-suite.ts";

brokerSuite("RabbitMQ", RabbitMq.cluster, {
  versions: ["4", "5"],
  keepsPresence: false,
  confirmsInOrder: false,
  skip: skipWithout("rabbitmq-server"),
});

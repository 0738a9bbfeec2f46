import { RabbitMq } from "../../support/brokers/rabbitmq.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { brokerClusterSuite } from "./broker-suite.ts";

brokerClusterSuite("RabbitMQ", RabbitMq.cluster, {
  size: 2,
  skip: skipWithout("rabbitmq-server"),
});

/** Rules for brokers: who may publish and read what, in the words of each broker. */
export { ejabberdRules } from "./ejabberd.ts";
export { mosquittoRules } from "./mosquitto.ts";
export { natsRules } from "./nats.ts";
export { rabbitmqRules } from "./rabbitmq.ts";
export { type Members, rulesOf, type UserRules } from "./roles.ts";

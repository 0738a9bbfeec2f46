import { commandBusConformance } from "../../conformance/command-bus.ts";
import { eventChannelConformance } from "../../conformance/event-channel.ts";
import {
  peersWorld,
  topicCommandBusRig,
  topicEventChannelRig,
} from "../../support/broker/topic-rigs.ts";

// The peers have no broker that all of them could lose, and a node speaks for no other.
commandBusConformance(
  "MqttCommandBus over HTTP peers",
  async () => topicCommandBusRig(await peersWorld()),
  { busCanBeLost: false, othersClearPresence: false },
);
// The channel's transport is the process itself, so it cannot be lost.
eventChannelConformance(
  "MqttEventChannel over HTTP peers",
  async () => topicEventChannelRig(await peersWorld()),
  { inProcess: true, announcedOnly: true },
);

import { clusterBusConformance } from "../../conformance/cluster-bus.ts";
import { originChannelConformance } from "../../conformance/origin-channel.ts";
import { peersWorld, topicChannelRig, topicClusterRig } from "../../support/broker/topic-rigs.ts";

// The peers have no broker that all of them could lose, and a node speaks for no other.
clusterBusConformance(
  "MqttCommandBus over HTTP peers",
  async () => topicClusterRig(await peersWorld()),
  { busCanBeLost: false, othersClearPresence: false },
);
// The channel's transport is the process itself, so it cannot be lost.
originChannelConformance(
  "MqttEventChannel over HTTP peers",
  async () => topicChannelRig(await peersWorld()),
  { inProcess: true },
);

# An echo in Python, open mode. Argument: the broker's port.
import sys

import msgpack
import paho.mqtt.client as mqtt

def on_message(client, _, message):
    batch = msgpack.unpackb(message.payload)
    for verb, id, *rest in batch[3] if batch[0] == 1 else batch:
        if verb == "message":
            topic = f"wss/v1/default/nodes/{id.split('.')[0]}/commands/plain"
            client.publish(topic, msgpack.packb([["send", id, rest[1]]]), qos=1)

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "plain")
client.on_connect = lambda client, *_: client.subscribe("wss/v1/default/events/#", qos=1)
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 1883)
client.loop_forever()

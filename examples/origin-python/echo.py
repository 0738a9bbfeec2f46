# An echo in Python, with paho-mqtt and msgpack. Argument: the broker's port.
import json
import sys
import time
import uuid

import msgpack
import paho.mqtt.client as mqtt

app, me, incarnation = "wss/v1/default", f"echo-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
presence = f"{app}/presence/origins/{me}"
next_items = {}  # By stream: the number of the next item.

def announce():
    beat = {"v": 1, "incarnation": incarnation, "at": int(time.time() * 1000), "every": 2000}
    client.publish(presence, json.dumps(beat), qos=1, retain=True)

def on_connect(client, *_):
    client.subscribe([(f"{app}/origins/{me}/events/+", 1), (presence, 1)])
    announce()

def on_message(client, _, message):
    if message.topic == presence:
        if not message.payload:  # The Will of our last connection.
            announce()
        return
    batch = msgpack.unpackb(message.payload)
    if batch[0] != 1:  # Not numbered: nothing for an echo.
        return
    _, stream, first, items = batch[:4]
    begin, end = next_items.get(stream, 0), first + len(items)
    if first <= begin < end:
        commands = [["send", it[1], it[3]] for it in items[begin - first :] if it[0] == "message"]
        commands.append(["ack", stream, end])
        next_items[stream] = end
    else:  # Items are missing, or all came before: say where to continue.
        commands = [["ack", stream, begin, begin]]
    node = message.topic.split("/")[-1]
    client.publish(f"{app}/nodes/{node}/commands/{me}", msgpack.packb(commands), qos=1)

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, me)
client.will_set(presence, "", qos=1, retain=True)
client.on_connect, client.on_message = on_connect, on_message
client.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 1883)
client.loop_start()
while True:
    time.sleep(2)
    announce()

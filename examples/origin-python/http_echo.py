# An echo in Python over HTTP: the answer to a message carries the echo. Argument: the port.
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # Connections are kept.

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = json.loads(body)["WebSocketEvent"]
        reply = {}
        if event and event["MessageReceived"]:
            send = {"ConnectionIds": [event["ConnectionId"]], "Message": event["MessageReceived"]}
            reply = {"OutgoingWebSocketMessages": [send]}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        answer = json.dumps(reply).encode()
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
ThreadingHTTPServer(("127.0.0.1", port), Origin).serve_forever()

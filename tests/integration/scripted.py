"""A provider of one sandbox with one command, that breaks off and answers as POST /script tells it to.

    scripted.py FILE        writes its port to FILE

The command's Start stream tells "first" and breaks off; Connect tells "last" and exit status 3.
"""
import base64
import json
import os
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ID = "isandboxscripted0000"
script = {"state": "running", "health": 502, "probes": 0}


def message(flags, **content):
    payload = json.dumps(content).encode()
    return struct.pack(">BI", flags, len(payload)) + payload


def event(**content):
    return message(0, event=content)


def output(text):
    return event(data={"stdout": base64.b64encode(text).decode()})


START = event(start={"pid": 7}) + output(b"first\n")
CONNECT = (event(start={"pid": 7}) + output(b"last\n") +
           event(end={"exitCode": 3, "exited": True, "status": "exit status 3"}) + message(2))


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body=b"", kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if kind == "application/json":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def say(self, status, content):
        self.answer(status, json.dumps(content).encode())

    def sandbox(self):
        return {"sandboxID": ID, "templateID": "base", "clientID": "c", "envdVersion": "0.6.13",
                "state": script["state"], "cpuCount": 1, "memoryMB": 1, "metadata": {},
                "startedAt": "2025-01-01T00:00:00Z", "endAt": "2099-01-01T00:00:00Z"}

    def do_GET(self):
        if self.path == "/health":
            script["probes"] += 1
            self.say(script["health"], {"message": "The sandbox was not found", "code": 502})
        elif self.path.startswith("/v2/sandboxes"):
            self.say(200, [self.sandbox()] if script["state"] != "ended" else [])
        elif script["state"] != "ended":
            self.say(200, self.sandbox())
        else:
            self.say(404, {"code": 404, "message": "no such sandbox"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/script":
            script.update(json.loads(body))
            self.say(200, script)
        elif self.path == "/sandboxes":
            self.say(201, self.sandbox())
        elif self.path.endswith("/Start"):
            self.answer(200, START, "application/connect+json")
        elif self.path.endswith("/Connect"):
            self.answer(200, CONNECT, "application/connect+json")
        else:
            self.say(200, {})

    def do_DELETE(self):
        self.answer(204)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()

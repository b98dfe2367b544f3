#!/usr/bin/env python3
"""Speaks Connect RPC to an agent's Unix socket, for tests.

    connect.py SOCKET unary  METHOD JSON [-H "NAME: VALUE"]...    prints "STATUS BODY"
    connect.py SOCKET stream METHOD JSON [-H "NAME: VALUE"]...    one line a message, the last is "EOS {…}"

--text shows output decoded, --out PREFIX joins it in PREFIX.stdout, PREFIX.stderr, PREFIX.pty.
--stop-after N leaves after N messages. --client-stream sends each item of a JSON list as a message.
--pause reads nothing after the first message until a line comes on stdin.
"""
import argparse
import base64
import json
import socket
import struct
import sys

END = 2


def envelope(text):
    data = text.encode()
    return struct.pack(">BI", 0, len(data)) + data


class Reply:
    """The head and the body of one HTTP reply, read as they come."""

    def __init__(self, sock):
        self.file = sock.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()):
            name, value = line.decode().split(":", 1)
            self.headers[name.lower()] = value.strip()

    def pieces(self):
        if self.headers.get("transfer-encoding") != "chunked":
            yield self.file.read(int(self.headers.get("content-length", 0)))
            return
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError("the stream was cut")
            size = int(line, 16)
            data = self.file.read(size)
            self.file.readline()
            if size == 0:
                return
            yield data


def messages(reply):
    buffer = bytearray()
    for piece in reply.pieces():
        buffer += piece
        while len(buffer) >= 5:
            flags, length = struct.unpack(">BI", buffer[:5])
            if len(buffer) < 5 + length:
                break
            yield flags, buffer[5:5 + length].decode()
            del buffer[:5 + length]
    if buffer:
        raise EOFError("an envelope was cut")


class Printer:
    def __init__(self, args):
        self.args = args
        self.files = {}

    def data(self, data):
        for name, value in data.items():
            raw = base64.b64decode(value, validate=True)
            if self.args.out:
                if name not in self.files:
                    self.files[name] = open(f"{self.args.out}.{name}", "wb")
                self.files[name].write(raw)
                self.files[name].flush()
            else:
                print(name, raw.decode(errors="replace"), flush=True)

    def message(self, flags, text):
        if flags & END:
            print("EOS", text, flush=True)
            return
        message = json.loads(text)
        data = message.get("event", {}).get("data")
        if data and (self.args.text or self.args.out):
            self.data(data)
        else:
            print(json.dumps(message, separators=(",", ":")), flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("kind", choices=["unary", "stream"])
    parser.add_argument("method")
    parser.add_argument("message")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("--text", action="store_true")
    parser.add_argument("--out")
    parser.add_argument("--stop-after", type=int, default=-1)
    parser.add_argument("--client-stream", action="store_true")
    parser.add_argument("--pause", action="store_true")
    return parser.parse_args()


def send(sock, args):
    if args.client_stream:
        body = b"".join(envelope(json.dumps(item)) for item in json.loads(args.message))
    else:
        body = envelope(args.message) if args.kind == "stream" else args.message.encode()
    content_type = "application/connect+json" if args.kind == "stream" else "application/json"
    head = [f"POST /{args.method} HTTP/1.1", "Host: agent", f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}", *args.headers]
    sock.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def main():
    args = parse_arguments()
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(args.socket)
    send(sock, args)
    reply = Reply(sock)
    if args.kind == "unary" or reply.status != 200:
        print(reply.status, b"".join(reply.pieces()).decode())
        return
    assert reply.headers["content-type"] == "application/connect+json", reply.headers
    printer = Printer(args)
    for count, (flags, text) in enumerate(messages(reply)):
        printer.message(flags, text)
        if count + 1 == args.stop_after:
            return
        if count == 0 and args.pause:
            sys.stdin.readline()


try:
    main()
except (EOFError, ConnectionError) as error:
    print("CUT", error)
    sys.exit(1)

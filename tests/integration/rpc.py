"""A small client of the local protocol, for tests: lines, calls, notifications, descriptors.

    with Client() as c:                       # the socket named by $SANDPOOL_SOCKET
        c.call("daemon.hello")                # the result, or RpcError
        c.raw(b'not json'); c.read()          # any line; the next message
        c.send(method, params, fds=[0])       # returns the id; c.answer(id) waits for it
"""
import array
import json
import os
import socket
import time

TIMEOUT = 60  # seconds until a test that waits for ever fails


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.kind = error["data"]["kind"]
        self.data = error["data"]


class Client:
    def __init__(self, path=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(path or os.environ["SANDPOOL_SOCKET"])
        self.bytes = b""
        self.fds = []  # received and not taken
        self.notifications = []  # (method, params), in the order they came
        self.answers = {}  # by JSON text of the id
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def raw(self, line, fds=()):
        """Send one line; its descriptors ride on its first byte."""
        data = line + b"\n"
        sent = 0
        if fds:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
            sent = self.socket.sendmsg([data], rights)
        self.socket.sendall(data[sent:])

    def send(self, method, params=None, fds=(), id=None):
        """Send a request and return its id."""
        if id is None:
            self.last_id += 1
            id = self.last_id
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            message["params"] = params
        if fds:
            message["fds"] = len(fds)
        self.raw(json.dumps(message).encode(), fds)
        return id

    def notify(self, method, params):
        self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def line(self):
        """The next line, without its newline; None at the end."""
        while b"\n" not in self.bytes:
            data, control, flags, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(16 * 4))
            assert not flags & socket.MSG_CTRUNC
            for level, kind, rights in control:
                assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
                fds = array.array("i")
                fds.frombytes(rights)
                self.fds.extend(fds)
            if not data:
                return None
            self.bytes += data
        line, self.bytes = self.bytes.split(b"\n", 1)
        return line

    def read(self):
        """The next message, whatever it is; None at the end."""
        line = self.line()
        return None if line is None else json.loads(line)

    def pump(self):
        """Read one message and file it."""
        message = self.read()
        assert message is not None, "the daemon closed the connection"
        for m in message if isinstance(message, list) else [message]:
            if "method" in m:
                self.notifications.append((m["method"], m["params"]))
            else:
                self.answers[json.dumps(m["id"])] = m

    def answer(self, id):
        """The result of the call with that id; raises RpcError."""
        key = json.dumps(id)
        while key not in self.answers:
            self.pump()
        message = self.answers.pop(key)
        if "error" in message:
            raise RpcError(message["error"])
        return message["result"]

    def call(self, method, params=None, fds=()):
        return self.answer(self.send(method, params, fds))

    def notification(self, method, where=lambda params: True):
        """Wait for a notification and take it out."""
        while True:
            for i, (name, params) in enumerate(self.notifications):
                if name == method and where(params):
                    del self.notifications[i]
                    return params
            self.pump()


def error_of(function, *args, **kwargs):
    """The RpcError that the call must end in."""
    try:
        result = function(*args, **kwargs)
    except RpcError as error:
        return error
    raise AssertionError(f"no error, but {result!r}")


def wait_for(condition, what="the condition"):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, f"{what} never came true"
        time.sleep(0.01)

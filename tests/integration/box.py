"""For tests of what happens inside a sandbox: one sandbox, and calls that mean it.

    with Box() as b:
        b.do("command.run", cmd="echo hi")
"""
import base64
import os

from rpc import Client, RpcError, error_of, wait_for


class Box(Client):
    def __init__(self, sandbox_id=None):
        super().__init__()
        self.is_ours = sandbox_id is None
        self.id = sandbox_id or self.call("sandbox.create", {"timeout": 300})["sandbox_id"]

    def __exit__(self, kind, value, trace):
        if self.is_ours and kind is None:
            self.call("sandbox.kill", {"sandbox_id": self.id})
        super().__exit__(kind, value, trace)

    def ask(self, method, fds=(), **params):
        return self.send(method, {"sandbox_id": self.id, **params}, fds)

    def do(self, method, fds=(), **params):
        return self.answer(self.ask(method, fds, **params))

    def refused(self, method, fds=(), **params):
        """The kind of the error that the call must end in."""
        return error_of(self.do, method, fds, **params).kind

    def output(self, pid, until=None):
        """Bytes of a command's notifications by stream, to its end or to `until` of them; and the exit."""
        out = {"stdout": b"", "stderr": b"", "pty": b"", "gap": 0}
        while until is None or sum(len(v) for k, v in out.items() if k != "gap") < until:
            while not self.notifications:
                self.pump()
            name, params = self.notifications.pop(0)
            if params["pid"] != pid:
                continue
            if name == "command.exit":
                return out, params
            if params["stream"] == "gap":
                out["gap"] += params["lost_bytes"]
            else:
                out[params["stream"]] += octets(params["data"])
        return out, None


def octets(value):
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def resident(pid=None):
    """Kilobytes of memory of a process; of the daemon by default."""
    with open(f"/proc/{pid or os.environ['DAEMON_PID']}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def pid_of(name):
    """Of the process whose program file has that name and whose arguments name our directory."""
    mine = os.path.dirname(os.environ["SANDPOOL_SOCKET"])
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            exe = os.readlink(f"/proc/{pid}/exe").split("/")[-1]
            with open(f"/proc/{pid}/cmdline") as args:
                if exe == name and mine in args.read():
                    return int(pid)
        except OSError:
            pass
    return None

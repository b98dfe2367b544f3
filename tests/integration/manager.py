"""What a service manager does for one service: opens its sockets, starts it, hears it.

    with Manager(argv, sockets={"/dir/a.sock": "name"}, watchdog_ms=200) as manager:
        manager.wait_for("READY=1")          # all of that datagram, as a dict
"""
import os
import select
import signal
import socket
import tempfile
import time

TIMEOUT = 60


class Manager:
    def __init__(self, argv, sockets=None, watchdog_ms=0, env=None, log=None):
        self.dir = tempfile.TemporaryDirectory(prefix="sandpool-manager.")
        self.argv = argv
        self.env = dict(os.environ, **(env or {}))
        self.watchdog_ms = watchdog_ms
        self.log = log
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.dir.name + "/notify")
        self.heard = []
        self.names = list((sockets or {}).values())
        self.sockets = []
        for path in sockets or {}:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(path)
            listener.listen()
            self.sockets.append(listener)
        self.pid = None

    def start(self):
        """The service, with its sockets from descriptor 3 on."""
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.become()
            finally:
                os._exit(127)
        return self

    def become(self):
        env = dict(self.env, NOTIFY_SOCKET=self.dir.name + "/notify", SYSTEMD_EXEC_PID=str(os.getpid()))
        if self.sockets:
            env.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(self.sockets)),
                       LISTEN_FDNAMES=":".join(self.names))
        if self.watchdog_ms:
            env.update(WATCHDOG_PID=str(os.getpid()), WATCHDOG_USEC=str(self.watchdog_ms * 1000))
        if self.log:
            os.dup2(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        high = [os.dup(s.fileno()) for s in self.sockets]  # none of them is where another shall be
        low = [os.dup2(fd, 64 + i) for i, fd in enumerate(high)]
        for i, fd in enumerate(low):
            os.dup2(fd, 3 + i)
        os.closerange(3 + len(low), 256)
        os.execve(self.argv[0], self.argv, env)

    def hear(self, seconds=TIMEOUT):
        """The next datagram as a dict."""
        if not select.select([self.notify], [], [], seconds)[0]:
            raise AssertionError("the service says nothing; heard so far: %r" % self.heard)
        words = dict(line.split("=", 1) for line in self.notify.recv(65536).decode().splitlines())
        self.heard.append(words)
        return words

    def wait_for(self, word):
        """The first datagram from now on that has this word, as READY=1."""
        key, value = word.split("=", 1)
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            words = self.hear()
            if words.get(key) == value:
                return words
        raise AssertionError("never heard %s, but %r" % (word, self.heard))

    def silence(self):
        """Forget what waits to be heard."""
        while select.select([self.notify], [], [], 0)[0]:
            self.hear()

    def wait(self):
        """The exit status, when it has ended."""
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = None
        return status

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        for listener in self.sockets:
            listener.close()
        self.notify.close()
        self.dir.cleanup()

#!/usr/bin/env python3
"""Type into an interactive shell on a terminal, and print what its line editor made of it.

Usage: type.py KEYS SHELL [ARGUMENT]...   the shell's prompt must be "READY> "
"""
import os
import pty
import select
import sys
import time


def read_until(fd, text, deadline):
    """Everything up to `text`, or an error when the shell ends or takes too long."""
    got = b""
    while text not in got:
        if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
            sys.exit(f"the shell never said {text!r}: {got!r}")
        try:
            more = os.read(fd, 4096)
        except OSError:
            more = b""
        if not more:
            sys.exit(f"the shell ended: {got!r}")
        got += more
    return got


def main():
    keys, shell = sys.argv[1], sys.argv[2:]
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "dumb" if "bash" in shell[0] else "vt100"
        os.execvp(shell[0], shell)
    deadline = time.monotonic() + 60
    read_until(fd, b"READY> ", deadline)
    # to the beginning of the line, and make it the arguments of printf
    os.write(fd, keys.encode() + b"\x01printf '[%s]' GOT \x05 END\r")
    said = read_until(fd, b"[END]", deadline).decode()
    print(said[said.index("[GOT]") + len("[GOT]") : said.index("[END]")])
    os.close(fd)
    os.waitpid(pid, 0)


main()

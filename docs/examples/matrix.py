#!/usr/bin/env python3
"""Run commands side by side, each in a fresh sandbox, and tell how each went.

    matrix.py --with tests.py 'python3 tests.py fast' 'python3 tests.py slow'

One connection serves all of them: calls overlap on it, and answers come in any order.
"""
import argparse
import asyncio
import base64
import json
import os
import sys
import time

LINE_BYTES = 16 << 20  # the longest line that the daemon sends


def default_socket():
    own = os.environ.get("XDG_RUNTIME_DIR", "") + "/sandpool/sandpool.sock"
    return os.environ.get("SANDPOOL_SOCKET") or (own if os.path.exists(own) else "/run/sandpool/sandpool.sock")


def to_text(data):
    """Bytes come as text where they are UTF-8, and as base64 where not."""
    return data if isinstance(data, str) else base64.b64decode(data["base64"]).decode(errors="replace")


class Pool:
    """A connection to the daemon."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.answers = {}  # futures by the id of their call
        self.last_id = 0
        self.receiver = asyncio.create_task(self.receive())

    async def receive(self):
        while line := await self.reader.readline():
            message = json.loads(line)
            if "id" in message:  # else it is a notification
                self.answers.pop(message["id"]).set_result(message)
        for answer in self.answers.values():
            answer.set_exception(ConnectionError("the daemon has gone"))

    async def call(self, method, **params):
        self.last_id += 1
        answer = self.answers[self.last_id] = asyncio.get_running_loop().create_future()
        line = json.dumps({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params})
        self.writer.write(line.encode() + b"\n")
        await self.writer.drain()
        message = await answer
        if "error" in message:
            raise RuntimeError(message["error"]["message"])
        return message["result"]


async def run_one(pool, command, files, turn):
    """The command's exit status, in a sandbox that is gone afterwards."""
    async with turn:
        start = time.monotonic()
        box = (await pool.call("sandbox.create", timeout=600, metadata={"matrix": command[:100]}))["sandbox_id"]
        try:
            await pool.call("file.write_many", sandbox_id=box, files=files)
            done = await pool.call("command.run", sandbox_id=box, cmd=command)
        finally:
            await pool.call("sandbox.kill", sandbox_id=box)
    status = done["exit_code"]
    print(f"{'ok' if status == 0 else f'exit {status}':9} {time.monotonic() - start:6.2f} s  {command}")
    for stream in "stdout", "stderr":  # absent when there was nothing
        for line in to_text(done.get(stream, "")).splitlines():
            print("          |", line)
    return status


async def main():
    parser = argparse.ArgumentParser(description="Run commands side by side, each in a fresh sandbox.")
    parser.add_argument("-j", "--jobs", type=int, default=4, help="how many at once (default: 4)")
    parser.add_argument("--with", dest="files", action="append", default=[], help="a text file to give to each")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    files = []
    for path in arguments.files:
        with open(path, encoding="utf-8") as file:
            files.append({"path": os.path.basename(path), "data": file.read()})
    pool = Pool(*await asyncio.open_unix_connection(default_socket(), limit=LINE_BYTES))
    turn = asyncio.Semaphore(arguments.jobs)
    runs = [run_one(pool, command, files, turn) for command in arguments.command]
    results = await asyncio.gather(*runs, return_exceptions=True)
    pool.writer.close()
    for command, result in zip(arguments.command, results):
        if isinstance(result, Exception):
            print(f"failed              {command}: {result}", file=sys.stderr)
    return any(result != 0 for result in results)


sys.exit(asyncio.run(main()))

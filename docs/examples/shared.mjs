#!/usr/bin/env node
// A sandbox that several programs share by its name: whoever comes first makes it, the others find it with all that is
// in it, and each use keeps it alive for another ten minutes.
//
//     node shared.mjs lab 'pip list > packages.txt'
//     node shared.mjs lab 'grep -c . packages.txt'       (from anywhere else on this machine)
//     node shared.mjs --end lab
//
// Output is shown as it comes, and the exit status is the command's. Nothing but Node itself is needed.
import { existsSync } from "node:fs";
import { createConnection } from "node:net";

const LIFETIME_S = 600;

function defaultSocket() {
  const own = `${process.env.XDG_RUNTIME_DIR}/sandpool/sandpool.sock`;
  return process.env.SANDPOOL_SOCKET ?? (existsSync(own) ? own : "/run/sandpool/sandpool.sock");
}

// A connection: calls are promises, notifications go to onNote.
class Pool {
  #socket = createConnection(defaultSocket());
  #waiting = new Map(); // of answers: resolve and reject by id
  #lastId = 0;
  #rest = "";
  onNote = () => {};

  constructor() {
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop();
      for (const line of lines) this.#receive(JSON.parse(line));
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the daemon has gone")));
  }

  #receive({ id, method, params, result, error }) {
    if (method) return this.onNote(method, params);
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(Object.assign(new Error(error.message), error.data));
    else resolve(result);
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.onNote("closed", error);
  }

  call(method, params) {
    const id = ++this.#lastId;
    this.#socket.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n");
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  close() {
    this.onNote = () => {};
    this.#socket.end();
  }
}

// Several may try at the same time: one makes it, and for the others there is a conflict: with its name, and until it is
// made with itself.
async function open(pool, name) {
  for (;;) {
    for (const method of ["sandbox.create", "sandbox.set_timeout"]) {
      const whose = method === "sandbox.create" ? { name } : { sandbox_id: name };
      try {
        return await pool.call(method, { ...whose, timeout: LIFETIME_S });
      } catch (error) {
        if (error.kind !== "conflict") throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// The command's exit status, when it has ended.
function run(pool, name, cmd) {
  return new Promise((resolve, reject) => {
    pool.onNote = (method, params) => {
      if (method === "command.output" && params.data !== undefined) {
        const { data, stream } = params;
        const bytes = typeof data === "string" ? data : Buffer.from(data.base64, "base64");
        (stream === "stderr" ? process.stderr : process.stdout).write(bytes);
      } else if (method === "command.exit") {
        resolve(params.signal ? 128 + params.signal : params.exit_code);
      } else if (method === "closed") {
        reject(params);
      }
    };
    pool.call("command.start", { sandbox_id: name, cmd }).catch(reject);
  });
}

const words = process.argv.slice(2);
if (words.length !== 2) {
  console.error("usage: shared.mjs NAME COMMAND-LINE\n       shared.mjs --end NAME");
  process.exit(125);
}
const pool = new Pool();
try {
  if (words[0] === "--end") {
    const { killed } = await pool.call("sandbox.kill", { sandbox_id: words[1] });
    if (!killed) throw new Error(`there is no sandbox '${words[1]}'`);
  } else {
    await open(pool, words[0]);
    process.exitCode = await run(pool, ...words);
  }
} catch (error) {
  console.error(`shared.mjs: ${error.message}`);
  process.exitCode = 125;
}
pool.close();

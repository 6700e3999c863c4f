/** One server for all pages, filled by the real client; its address and key go to the tests by the environment. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end, serve } from "./server";

const PYTHON = process.env.WBQ_PYTHON ?? join(import.meta.dirname, "../../.venv/bin/python");

/** A training in a process of its own, in a folder that is its own. */
export function training(what: "fill" | "live", url: string, key: string) {
  const cwd = mkdtempSync(join(tmpdir(), "wbq-training-"));
  const process = spawn(PYTHON, [join(import.meta.dirname, "trainings.py"), what], {
    cwd,
    env: {
      PATH: "/usr/bin:/bin",
      HOME: cwd,
      WANDB_BASE_URL: url,
      WANDB_API_KEY: key,
      WANDB_DIR: cwd,
      WANDB_SILENT: "true",
    },
    stdio: ["pipe", "ignore", "pipe"],
  });
  let complaints = "";
  process.stderr.on("data", (part: Buffer) => (complaints += part.toString()));
  const ended = async () => {
    const [code] = process.exitCode === null ? ((await once(process, "exit")) as [number]) : [process.exitCode];
    rmSync(cwd, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the training ended with ${code}\n${complaints}`);
  };
  return { process, ended, stop: () => end(process) };
}

export default async function setup() {
  const server = await serve();
  process.env.WBQ_URL = server.url;
  process.env.WBQ_KEY = server.key;
  process.env.WBQ_STORE = server.dir;
  await training("fill", server.url, server.key).ended();
  return server.stop;
}

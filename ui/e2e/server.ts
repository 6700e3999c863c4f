/** A real server on a folder of its own, at a port that the system chose. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { front } from "./front";

export const BINARY = process.env.WBQ_BIN ?? "";
/** A folder whose pages stand in front of the binary's own, which may be older. */
export const PAGES = process.env.WBQ_UI;

export interface Server {
  url: string;
  key: string;
  dir: string;
  stop: () => Promise<void>;
}

export async function serve(): Promise<Server> {
  if (BINARY === "") throw new Error("WBQ_BIN says which binary is tested");
  const dir = mkdtempSync(join(tmpdir(), "wbq-browser-"));
  const started = await start(dir, "127.0.0.1:0");
  if (started.key === undefined) throw new Error("the first start tells a key");
  const pages = PAGES === undefined ? null : await front(PAGES, started.url);
  const stop = async () => {
    await pages?.stop();
    await end(started.process);
    rmSync(dir, { recursive: true });
  };
  return { url: pages?.url ?? started.url, key: started.key, dir, stop };
}

export async function start(
  dir: string,
  listen: string,
): Promise<{ process: ChildProcess; url: string; key: string | undefined }> {
  const process = spawn(BINARY, ["serve", "--dir", dir, "--listen", listen, "--ready-json", "--admin", "ada"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const lines = createInterface({ input: process.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const { url, key } = JSON.parse(line) as { url: string; key?: string };
  return { process, url, key };
}

/** Ends a process as its owner does, by its own id. */
export async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null) return;
  const ended = once(process, "exit");
  process.kill("SIGTERM");
  await ended;
}

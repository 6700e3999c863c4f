/**
 * The pages of a folder in front of a server, for pages that are not yet in a binary: what is built lies in the folder,
 * everything else is asked of the server, whose headers (the page's policy among them) stay as they are.
 */
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const KINDS: Record<string, string> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export async function front(folder: string, server: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const listener = createServer((asked, answer) => {
    const path = normalize(new URL(asked.url ?? "/", server).pathname);
    const file = join(folder, `${path}.gz`);
    if (extname(path) in KINDS && existsSync(file)) {
      give(answer, file, { "content-type": KINDS[extname(path)] });
      return;
    }
    const isPage = asked.method === "GET" && asked.headers.accept?.includes("text/html") === true;
    pass(asked, answer, server, isPage ? join(folder, "index.html.gz") : null);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const stop = async () => {
    const closed = once(listener, "close");
    listener.close();
    listener.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** Asks the server; where it answers with its page, `page` stands there instead. */
function pass(asked: IncomingMessage, answer: ServerResponse, server: string, page: string | null): void {
  const sent = request(new URL(asked.url ?? "/", server), { method: asked.method, headers: asked.headers }, (came) => {
    const isPage = page !== null && came.headers["content-type"]?.startsWith("text/html") === true;
    if (isPage) {
      came.resume();
      give(answer, page, came.headers);
      return;
    }
    answer.writeHead(came.statusCode ?? 502, came.headers);
    // A line of events has begun before its first event comes.
    answer.flushHeaders();
    came.pipe(answer);
  });
  sent.on("error", () => answer.destroy());
  answer.on("close", () => sent.destroy());
  asked.pipe(sent);
}

function give(answer: ServerResponse, file: string, headers: IncomingMessage["headers"]): void {
  const bytes = readFileSync(file);
  answer.writeHead(200, { ...headers, "content-encoding": "gzip", "content-length": bytes.length });
  answer.end(bytes);
}

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Lays the gzip of each text beside it, so that the server packs nothing (`ingest/src/http/assets.rs`). */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    closeBundle() {
      for (const file of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
        if (/\.(js|css|html|svg)$/.test(file)) {
          writeFileSync(`dist/${file}.gz`, gzipSync(readFileSync(`dist/${file}`), { level: 9 }));
        }
      }
    },
  };
}

/** The server that `npm run dev` shows. */
const server = process.env.WBQ_SERVER ?? "http://127.0.0.1:8080";
const asked = ["/api", "/graphql", "/files", "/login", "/sql"];

export default defineConfig({
  plugins: [react(), packed()],
  // Nothing is inlined: the page's policy takes pictures from files alone.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022" },
  server: {
    proxy: Object.fromEntries(
      asked.map((path) => [
        `^${path}(/|$|\\?)`,
        // Pages and what is asked of them share two paths: a page is what is read and wants HTML.
        {
          target: server,
          bypass: (request: { method?: string; url?: string; headers: { accept?: string } }) =>
            request.method === "GET" && request.headers.accept?.includes("text/html") === true
              ? request.url
              : undefined,
        },
      ]),
    ),
  },
  test: { include: ["src/**/*.test.ts"] },
});

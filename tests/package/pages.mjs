// Pages in Chromium, under a Content Security Policy that allows nothing but what the README names.

import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { build, createServer as createViteServer } from "vite";
import webpack from "webpack";
import { app, assertOutcomes } from "./packed.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
/** How long a page may take. */
const LIMIT = 60_000;

const browser = await chromium.launch({
  // Installed from a distribution's packages, as for the module's own tests.
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
after(() => browser.close());

test("a page that Vite built", async () => {
  await build({
    root: app,
    logLevel: "error",
    configFile: false,
    build: { outDir: "vite", target: "es2022", rollupOptions: { input: join(app, "vite.html") } },
  });
  assertOutcomes(await shown("vite", "vite.html"));
});

test("a page that Vite's development server serves", async () => {
  const server = await createViteServer({
    root: app,
    logLevel: "error",
    configFile: false,
    cacheDir: join(app, ".vite"),
    server: { host: "127.0.0.1", port: 0, hmr: false },
  });
  try {
    await server.listen();
    assertOutcomes((await visit(`http://127.0.0.1:${server.httpServer.address().port}/vite.html`)).text);
  } finally {
    await server.close();
  }
});

test("a page that webpack built", async () => {
  const path = join(app, "webpack");
  const compiler = webpack({
    context: app,
    mode: "production",
    entry: "./page.mjs",
    output: { path, filename: "main.js", publicPath: "auto", module: true },
    experiments: { outputModule: true },
    performance: false,
  });
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, stats) => compiler.close(() => (error ? reject(error) : resolve(stats))));
  });
  assert.ok(!stats.hasErrors() && !stats.hasWarnings(), stats.toString("errors-warnings"));
  copyFileSync(join(app, "charge.json"), join(path, "charge.json"));
  assertOutcomes(await shown("webpack", "index.html"));
});

test("a page without a bundler", async () => assertOutcomes(await shown(".", "plain.html")));

/** The text of a page below the directory, once it is there; the console must stay silent. */
async function shown(directory, page) {
  const server = createServer((request, response) => serve(join(app, directory), request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { text, said } = await visit(`http://127.0.0.1:${server.address().port}/${page}`);
    assert.deepEqual(said, []);
    return text;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The text of a page once it is there, and what its console said. */
async function visit(url) {
  const tab = await browser.newPage();
  const said = [];
  tab.on("console", (message) => said.push(message.text()));
  tab.on("pageerror", (error) => said.push(String(error)));
  try {
    await tab.goto(url);
    const filled = tab.waitForFunction(() => document.body.textContent.trim().startsWith("["), null, { timeout: LIMIT });
    await filled.catch((error) => assert.fail(`${url} shows nothing: ${error.message}\n${said.join("\n")}`));
    return { text: await tab.evaluate(() => document.body.textContent), said };
  } finally {
    await tab.close();
  }
}

async function serve(directory, request, response) {
  const file = join(directory, normalize(new URL(request.url, "http://localhost").pathname));
  if (!file.startsWith(directory) || !(await stat(file).catch(() => null))?.isFile()) {
    // Chromium asks for an icon by itself; an empty answer keeps its console quiet.
    response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
  });
  createReadStream(file).pipe(response);
}

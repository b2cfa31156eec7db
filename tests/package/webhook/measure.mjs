// What an event and a cold start cost an endpoint in each runtime, as a table: `node webhook/measure.mjs`, after
// `cargo xtask pkg`. Not a test: times are not asserted.
//
// An event is a charge's, signed, for a sink that does nothing: verified, converted, checked, answered. Its processor time
// is what Linux tells of the whole process, garbage collection included, once the module's code has been optimized; of a
// server, what an endpoint that only reads the body costs is taken off. A cold start lasts from the start of the process until the first
// event is answered; how long the same runtime takes to start with nothing to load is taken off.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { app, platformProgram, run } from "../packed.mjs";
import { eventOf, sample, SECRET, SETTINGS, signature } from "./sender.mjs";

const EVENTS = 4000;
/** Answered before. */
const WARM = 1000;
const STARTS = 5;
const directory = join(app, "measured");
const options = `{ secrets: ["${SECRET}"], settings: ${JSON.stringify(SETTINGS)}, sink: async () => undefined }`;

const events = (count) => {
  return Array.from({ length: count }, () => eventOf("charge.succeeded", sample("charge")).body);
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Prepares the programs that runtimes with a command line run: each answers the events of a file. */
function prepare() {
  mkdirSync(directory);
  writeFileSync(join(directory, "empty.mjs"), "");
  writeFileSync(
    join(directory, "answer.mjs"),
    `import { readFileSync } from "node:fs";
     import process from "node:process";
     const spent = () => {
       const [user, system] = readFileSync("/proc/self/stat", "utf8").replace(/.*\\) /, "").split(" ").slice(11, 13);
       return 10 * (Number(user) + Number(system));
     };
     import { createWebhookHandler } from "stripe-xdm/webhook";
     const handler = createWebhookHandler(${options});
     const answer = async ({ body, header }) => {
       const headers = { "stripe-signature": header };
       const answered = await handler(new Request("https://shop.example/", { method: "POST", body, headers }));
       if (answered.status !== 200) throw new Error(await answered.text());
     };
     const events = JSON.parse(readFileSync(process.argv[2], "utf8"));
     for (const event of events.splice(0, ${WARM})) await answer(event);
     const before = spent();
     for (const event of events) await answer(event);
     console.log((spent() - before) / events.length);`,
  );
}

/** Writes a file of events that were signed just now. */
function written(count) {
  const file = join(directory, `${count}.json`);
  writeFileSync(file, JSON.stringify(events(count).map((body) => ({ body, header: signature(body) }))));
  return file;
}

async function timed(what) {
  const start = performance.now();
  await what();
  return performance.now() - start;
}

async function ofProgram(program, args = []) {
  const answer = join(directory, "answer.mjs");
  const event = Number(await run(program, [...args, answer, written(WARM + EVENTS)]));
  const [one, empty] = [written(1), join(directory, "empty.mjs")];
  const starts = [];
  for (let round = 0; round < STARTS; round += 1) {
    const base = await timed(() => run(program, [...args, empty]));
    starts.push((await timed(() => run(program, [...args, answer, one]))) - base);
  }
  return { event, start: median(starts) };
}

/** Processor time of the processes of workerd that are children of this one, in milliseconds. */
function ofWorkerd() {
  let ticks = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${id}/stat`, "utf8"));
      const fields = rest.split(" ");
      if (name.startsWith("workerd") && Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended.
    }
  }
  return ticks * 10;
}

async function worker(name, source) {
  const entry = join(directory, `${name}.mjs`);
  writeFileSync(entry, source);
  const modulesRoot = join(directory, name);
  const scriptPath = join(modulesRoot, "worker.mjs");
  const bundled = { bundle: true, format: "esm", target: "es2022", conditions: ["workerd"], loader: { ".wasm": "copy" } };
  await build({ ...bundled, entryPoints: [entry], outfile: scriptPath });
  const modulesRules = [{ type: "CompiledWasm", include: ["**/*.wasm"] }];
  return { host: "127.0.0.1", modules: true, modulesRoot, modulesRules, scriptPath, compatibilityDate: "2026-01-01" };
}

async function inWorkerd() {
  const idle = await worker("idle", "export default { fetch: async (request) => new Response(await request.text()) };");
  const endpoint = await worker(
    "endpoint",
    `import { createWebhookHandler } from "stripe-xdm/webhook";
     let handler;
     export default { fetch: (request) => (handler ??= createWebhookHandler(${options}))(request) };`,
  );
  /** Sends events one after the other; how long the first took from the start of the process, and what the others cost. */
  const served = async (options, warm, count) => {
    const start = performance.now();
    const miniflare = new Miniflare(options);
    try {
      const url = await miniflare.ready;
      const send = async (body) => {
        const answer = await fetch(url, { method: "POST", body, headers: { "stripe-signature": signature(body) } });
        if (answer.status !== 200) throw new Error(await answer.text());
        await answer.arrayBuffer();
      };
      await send(events(1)[0]);
      const first = performance.now() - start;
      for (const body of events(warm)) await send(body);
      const before = ofWorkerd();
      for (const body of events(count)) await send(body);
      return { first, event: (ofWorkerd() - before) / count };
    } finally {
      await miniflare.dispose();
    }
  };
  const event = (await served(endpoint, WARM, EVENTS)).event - (await served(idle, WARM, EVENTS)).event;
  const starts = [];
  for (let round = 0; round < STARTS; round += 1) {
    const base = (await served(idle, 0, 0)).first;
    starts.push((await served(endpoint, 0, 0)).first - base);
  }
  return { event, start: median(starts) };
}

prepare();
const rows = [
  ["Node", await ofProgram(process.execPath)],
  ["Bun", await ofProgram(platformProgram("@oven", "bin/bun"))],
  ["Deno", await ofProgram(platformProgram("@deno", "deno"), ["run", "--no-prompt", "--no-remote", "--allow-all"])],
  ["workerd (Cloudflare)", await inWorkerd()],
];
const [[, node]] = rows;
console.log("| Runtime | An event, CPU | Against Node | A cold start | Against Node |\n| --- | ---: | ---: | ---: | ---: |");
for (const [name, { event, start }] of rows) {
  const [events, starts] = [event / node.event, start / node.start];
  console.log(`| ${name} | ${event.toFixed(2)} ms | ${events.toFixed(1)} | ${start.toFixed(0)} ms | ${starts.toFixed(1)} |`);
}

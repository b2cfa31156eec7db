// Holds every request that the program can make to Adobe's published definitions, by Prism:
//
//     node check.mjs FOLDER [--programs DIR] [--log FILE]... [--unused]
//
// Exit codes: 0 all pass but for what known.json names, 1 something else does not, 2 it could not be found out.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Definition, ask, lacksSlash } from "./definition.mjs";
import { noted, record } from "./road.mjs";
import { form, sent } from "./request.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = join(process.env.CARGO_TARGET_DIR ?? join(HERE, "../../target"), "release");
const SLASH = "the definition's path ends with a slash";

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      programs: { type: "string", default: BUILT },
      log: { type: "string", multiple: true, default: [] },
      unused: { type: "boolean", default: false },
    },
  });
  if (positionals.length !== 1) throw new Error("give the folder of the definitions: node check.mjs FOLDER");
  const services = definitions(positionals[0]).map((definition) => ({
    definition,
    requests: 0,
    forms: new Map(),
    used: new Set(),
  }));
  const deviations = new Deviations(JSON.parse(readFileSync(join(HERE, "known.json"), "utf8")));
  const requests = await recorded(resolve(values.programs));
  for (const request of [...requests, ...values.log.flatMap(noted)]) assign(request, services, deviations);
  const rows = [];
  for (const service of services) rows.push(await check(service, deviations));
  table(rows);
  deviations.show();
  if (values.unused) services.forEach(unused);
  return deviations.unknown.size === 0 ? 0 : 1;
}

function definitions(folder) {
  const names = readdirSync(folder).filter((name) => /\.(ya?ml|json)$/.test(name));
  if (names.length === 0) throw new Error(`${folder} holds no definitions (*.yaml, *.json)`);
  return names.sort().map((name) => new Definition(join(folder, name)));
}

async function recorded(programs) {
  const place = mkdtempSync(join(tmpdir(), "stripe-xdm-definitions-"));
  try {
    return await record(programs, place, (road) => console.error(`recording: ${road}`));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Puts a request with the service that it is for, once for each form. */
function assign(request, services, deviations) {
  const { method, path: whole } = request;
  const [service] = services
    .filter(({ definition }) => definition.path(whole) !== undefined)
    .sort((a, b) => b.definition.base.length - a.definition.base.length);
  if (!service) {
    deviations.add("none", `${method} ${whole}`, { at: "request", says: "no definition has such a path" }, request);
    return;
  }
  const path = service.definition.path(whole);
  const operation = service.definition.operation(method, path);
  const one = sent(request, path);
  service.requests += 1;
  if (operation) service.used.add(operation);
  const key = form(one, operation);
  if (!service.forms.has(key)) service.forms.set(key, { ...one, operation });
}

async function check({ definition, requests, forms, used }, deviations) {
  const operations = `${used.size}/${definition.operations.length}`;
  const row = { service: definition.service, operations, requests, distinct: forms.size };
  Object.assign(row, { passed: 0, known: 0, unknown: 0 });
  if (forms.size === 0) return row;
  console.error(`checking: ${definition.service}`);
  const prism = await definition.mock();
  try {
    for (const request of forms.values()) {
      const found = beside(request);
      // With the slash Prism can say what else there is.
      const slash = found.some(({ says }) => says === SLASH) ? "/" : "";
      found.push(...(await ask(prism.url, { ...request, path: request.path + slash })));
      const name = `${request.method} ${request.operation?.path ?? request.path}`;
      const known = found.map((one) => deviations.add(definition.service, name, one, request));
      row[found.length === 0 ? "passed" : known.every(Boolean) ? "known" : "unknown"] += 1;
    }
  } finally {
    await prism.stop();
  }
  return row;
}

/** What Prism does not look at, or stops at. */
function beside({ operation, path, query }) {
  if (!operation) return [];
  const names = new Set(new URLSearchParams(query).keys());
  const undeclared = [...names].filter((name) => !operation.queries.includes(name));
  const found = undeclared.map((name) => ({ at: `request.query.${name}`, says: "is no parameter of this operation" }));
  return lacksSlash(operation, path) ? [...found, { at: "request", says: SLASH }] : found;
}

/** What is wrong, once for each operation and place. */
class Deviations {
  constructor(known) {
    this.known = known.map((one) => ({ ...one, count: 0 }));
    this.unknown = new Map();
  }

  /** Notes one; whether it was known. */
  add(service, operation, { at, says }, example) {
    const known = this.known.find(
      (one) =>
        one.service === service &&
        one.operations.some((name) => name === operation || name === "*") &&
        (!one.header || one.header in example.headers) &&
        new RegExp(`^${one.at}$`).test(at) &&
        new RegExp(one.says).test(says),
    );
    const key = `${service}: ${operation}: ${at} ${says}`;
    if (!known && !this.unknown.has(key)) this.unknown.set(key, { key, example, count: 0 });
    const one = known ?? this.unknown.get(key);
    one.count += 1;
    return known !== undefined;
  }

  show() {
    const name = ({ service, operations, at }) => `${service}: ${operations.join(", ")}: ${at}`;
    const met = this.known.filter(({ count }) => count > 0);
    if (met.length > 0) console.log("\nKnown deviations: the definition is wrong");
    for (const one of met) console.log(`  ${name(one)} (${one.count})\n    ${one.why}\n    ${one.page}`);
    const unmet = this.known.filter(({ count }) => count === 0);
    if (unmet.length > 0) console.log("\nOf known.json not met with");
    for (const one of unmet) console.log(`  ${name(one)}`);
    if (this.unknown.size > 0) console.log("\nUnknown deviations");
    for (const { key, example, count } of this.unknown.values()) {
      const { method, path, query, body = "" } = example;
      console.log(`  ${key} (${count})\n    such as ${method} ${path}${query && `?${query}`} ${body.slice(0, 300)}`);
    }
  }
}

function table(rows) {
  const names = ["service", "operations", "requests", "distinct", "passed", "known", "unknown"];
  const heads = [...names.slice(0, 5), "known deviations", "unknown deviations"];
  const cells = [heads, ...rows.map((row) => names.map((name) => String(row[name])))];
  const widths = names.map((_, at) => Math.max(...cells.map((row) => row[at].length)));
  const line = (row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])));
  for (const row of cells) console.log(line(row).join("  "));
}

function unused({ definition, used }) {
  for (const one of definition.operations.filter((one) => !used.has(one))) {
    console.log(`never asked: ${definition.service}: ${one.method} ${one.path}`);
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  },
);

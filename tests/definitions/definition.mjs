// One published definition: which requests are its own, and what Prism says of them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, extname } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const [{ parse }, PRISM] = installed();

/** Longest that Prism may take to start, and to answer, in milliseconds. */
const START = 60_000;
const ANSWER = 60_000;
const METHODS = ["get", "head", "post", "put", "patch", "delete"];

export class Definition {
  /** Reads a definition in either form, OpenAPI 3 or Swagger 2. */
  constructor(file) {
    this.file = file;
    this.service = basename(file, extname(file));
    this.document = parse(readFileSync(file, "utf8"));
    if (!this.document?.paths) throw new Error(`${file} is no definition: it has no paths`);
    const server = this.document.servers?.[0]?.url ?? this.document.basePath ?? "/";
    // What comes before the first slash of the path may hold variables.
    this.base = server.replace(/^(https?:)?\/\/[^/]*/, "").replace(/\/$/, "");
    this.operations = Object.entries(this.document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => operation(this.document, path, item, method)),
    );
  }

  /** The path below the service's base; none when it is another service's. */
  path(path) {
    if (!path.startsWith(`${this.base}/`)) return undefined;
    const below = path.slice(this.base.length);
    // A service at the root of a host has only the paths that it names.
    const known = this.base !== "" || this.operations.some(({ path }) => first(path) === first(below));
    return known ? below : undefined;
  }

  /** The operation of a request; what has fewest variables when there are several. A slash too many at the end of the
   * definition's path does not count here: Prism minds it. */
  operation(method, path) {
    const fits = this.operations.filter((one) => one.method === method && one.pattern.test(path));
    return fits.sort((a, b) => variables(a.path) - variables(b.path))[0];
  }

  /** Starts Prism for it at a free port. */
  async mock() {
    const arguments_ = [PRISM, "mock", "--errors", "--host", "127.0.0.1", "--port", "0", this.file];
    const child = spawn(process.execPath, arguments_, { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    const url = await new Promise((resolve, reject) => {
      const fail = (why) =>
        reject(new Error(`Prism does not start for ${this.file}: ${why}\n${said.slice(-5).join("\n")}`));
      const timer = setTimeout(() => {
        child.kill();
        fail("it takes too long");
      }, START);
      const read = (line) => {
        said.push(line);
        const found = /listening on (http:\S+)/.exec(line);
        if (found) {
          clearTimeout(timer);
          resolve(found[1]);
        }
      };
      createInterface(child.stdout).on("line", read);
      createInterface(child.stderr).on("line", read);
      child.once("error", fail);
      child.once("exit", (code) => {
        clearTimeout(timer);
        fail(`it ends with ${code}`);
      });
    });
    const stop = async () => {
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, "exit");
    };
    return { url, stop };
  }
}

/** What Prism finds wrong with a request: places and messages. None: it passes. */
export async function ask(url, { method, path, query, headers, body }) {
  const target = `${url}${path}${query && `?${query}`}`;
  const signal = AbortSignal.timeout(ANSWER);
  const answer = await fetch(target, { method, headers, body, redirect: "manual", signal });
  const text = await answer.text();
  const told = [...inHeader(answer.headers.get("sl-violations")), ...inBody(text)];
  // The other half is about the answer that Prism took from the definition's own examples.
  const ours = told.filter(({ at }) => !at.startsWith("response"));
  if (told.length > 0) return unique(ours);
  const refused = answer.status >= 400 && /stoplight\.io\/prism\/errors/.test(text);
  // Of an error to HEAD there is no more than the status.
  return refused || (method === "HEAD" && answer.status >= 400)
    ? [{ at: "request", says: problem(text) ?? `Prism answers ${answer.status}` }]
    : [];
}

function installed() {
  try {
    return [require("@stoplight/yaml"), require.resolve("@stoplight/prism-cli/dist/index.js")];
  } catch {
    console.error("error: Prism is not installed: run npm ci --ignore-scripts in tests/definitions");
    process.exit(2);
  }
}

function operation(document, path, item, method) {
  const all = [...(item.parameters ?? []), ...(item[method].parameters ?? [])];
  const parameters = all.map((one) => resolved(document, one));
  return {
    method: method.toUpperCase(),
    path,
    pattern: new RegExp(`^${path.split(/\{[^}]+\}/).map(escaped).join("[^/]+").replace(/\/$/, "/?")}$`),
    queries: parameters.filter((one) => one?.in === "query").map((one) => one.name),
  };
}

function resolved(document, value) {
  if (typeof value?.$ref !== "string") return value;
  return value.$ref.slice(2).split("/").reduce((at, key) => at?.[key.replaceAll("~1", "/")], document);
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const first = (path) => path.split("/")[1];
/** Whether a path lacks the slash with which the definition's ends. */
export const lacksSlash = (operation, path) => operation.path.endsWith("/") && !path.endsWith("/");
const variables = (path) => path.split("{").length;

function inHeader(header) {
  if (!header) return [];
  const cut = /^Too many violations! /;
  if (!cut.test(header)) return JSON.parse(header).map(violation);
  // The header ends in the middle of its JSON: what is whole of it.
  const whole = header.replace(cut, "").match(/\{"location":\[[^\]]*\][^{}]*\}/g) ?? [];
  return whole.length > 0 ? whole.map((one) => violation(JSON.parse(one))) : [{ at: "request", says: header }];
}

function inBody(text) {
  try {
    const body = JSON.parse(text);
    return /stoplight\.io\/prism\/errors/.test(body?.type) ? (body.validation ?? []).map(violation) : [];
  } catch {
    return [];
  }
}

/** Where Prism makes an error of its own of it, it leaves out that it is about the request. */
function violation({ location, message }) {
  const about = ["request", "response"].includes(location[0]) ? location : ["request", ...location];
  return { at: about.join("."), says: message };
}

function problem(text) {
  try {
    const { type, title, detail } = JSON.parse(text);
    return `${String(type).replace(/.*#/, "")}: ${detail ?? title}`;
  } catch {
    return undefined;
  }
}

function unique(found) {
  return [...new Map(found.map((one) => [`${one.at}\n${one.says}`, one])).values()];
}

// The program is made to ask Platform everything that it can ask, of the sandbox, which notes each request.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

/** Longest that a command may take, and the sandbox until it is up, in milliseconds. */
const COMMAND = 300_000;
const START = 60_000;
/** Between two looks at what takes its time. */
const PAUSE = 1_000;
const PATIENCE = 60_000;

/** A key of Stripe's form that opens nothing. */
const KEY = "rk_test_definitions";

const CHANNEL = { sourceType: "ATTRIBUTE", source: "metadata.channel", destination: "_{TENANT_ID}.shop.channel" };

const field = (type) => ({
  resource: "charge",
  variant: "event",
  mappingSet: { mappings: [{ ...CHANNEL, type, labels: ["I2"] }] },
});

const flows = (frequency, interval) => `name = "shop"
account = "acct_1A2b3C"
access_token = { env = "STRIPE_ACCESS_TOKEN" }
schedule = { frequency = "${frequency}", interval = ${interval}, start = 2025-01-01 }
flow = [{ resource = "charges" }, { resource = "customers" }]
`;

const FILES = {
  // The same field as text and as a number: rows of one are no rows of the other's schema.
  "text.json": JSON.stringify(field("string")),
  "number.json": JSON.stringify(field("integer")),
  "flows.toml": flows("minute", 15),
  "hourly.toml": flows("hour", 1),
};

/** What is done in each sandbox of its own: what goes wrong there, and commands with the codes that they may end with.
 * With a third part a command is repeated until it says so. What depends on what was asked so far is a function. */
const ROADS = [
  {
    name: "schemas",
    commands: [
      ["schema plan --tenant acme", 3],
      ["schema apply --yes", 0],
      ["schema apply --yes --profile", 0],
      ["schema apply --yes --profile --mapping text.json", 0],
      ["schema plan --profile --mapping text.json", 0],
      ["schema apply --yes --model relational --aep-sandbox dev", 0],
    ],
  },
  {
    name: "schemas, in doubt",
    faults: "POST close-after@5,PATCH close-after@1",
    commands: [
      ["schema apply --yes", 0],
      ["schema apply --yes --mapping text.json", 0],
    ],
  },
  {
    name: "batches",
    commands: [
      ["schema apply --yes --profile", 0],
      ["sync --lake lake --tenant acme --to aep", 0],
      ["deliver --lake lake", 0],
    ],
  },
  {
    name: "batches of other forms",
    faults: "PATCH /data/foundation/import:close-after@2",
    commands: [
      ["schema apply --yes", 0],
      ["sync --lake lake --tenant acme --resources charges --to aep --request-bytes 65536", 0],
      ["sync --lake lake --tenant acme --resources customers,prices --to aep --format parquet", 0],
    ],
  },
  {
    name: "batches, in doubt",
    faults: [
      "POST /data/foundation/import/batches:close-after@1",
      "PUT /data/foundation/import:close-after@2-9",
      "POST /data/foundation/import/batches/:500@1-9",
    ].join(),
    commands: [
      ["schema apply --yes", 0],
      ["sync --lake lake --tenant acme --to aep", [0, 1, 2]],
      ["deliver --lake lake", [0, 1, 2]],
      ["deliver --lake lake", [0, 1, 2]],
      ["deliver --lake lake", 0],
    ],
  },
  {
    name: "rows that are refused",
    commands: [
      ["schema apply --yes --mapping number.json", 0],
      ["sync --lake lake --tenant acme --mapping text.json --to aep", 2],
      [(asked) => `deliver --lake lake --replay ${completed(asked)}`, [0, 2]],
    ],
  },
  {
    name: "streams",
    // Five minutes a second: inlets open. The account changes while it is listed, so that objects go.
    pace: 300,
    sandbox: ["--clock", "fixed", "--churn", "7:100"],
    commands: [
      ["schema apply --yes --profile", 0],
      ["sync --lake lake --tenant acme", 0],
      ["verify --lake lake --tenant acme --repair", [0, 2]],
      ["sync --lake lake --tenant acme --to aep --mode streaming --opening 5", 0],
      ["deliver --lake lake --mode streaming --opening 5", 0],
    ],
  },
  {
    name: "streams, in doubt",
    pace: 300,
    faults: [
      "POST /data/foundation/flowservice:close-after@1-4",
      "POST /collection/batch:503@1",
      "POST /collection/batch:entry503@9",
    ].join(),
    commands: [
      ["schema apply --yes", 0],
      ["sync --lake lake --tenant acme --to aep --mode streaming --opening 5", [0, 2]],
      ["deliver --lake lake --mode streaming --opening 5", 0],
    ],
  },
  {
    name: "flows",
    // A quarter of an hour a second: flows run.
    pace: 900,
    commands: [
      ["doctor --platform", [0, 1, 2]],
      ["schema apply --yes", 0],
      ["doctor --platform", [0, 1, 2]],
      ["flow plan --file flows.toml", 3],
      ["flow apply --file flows.toml --yes", 0],
      ["flow list", 0],
      ["flow test --file flows.toml", 0],
      ["flow explore charges --file flows.toml", 0],
      ["flow status --file flows.toml", [0, 2], /well/],
      ["flow runs --limit 300 --file flows.toml", [0, 2]],
      ["flow pause charges --file flows.toml", 0],
      ["flow resume charges --file flows.toml", 0],
      ["flow update --token --yes --file flows.toml", 0],
      ["flow update --yes --file hourly.toml", 0],
      ["flow delete charges --yes --file hourly.toml", 0],
      ["flow delete --all --yes --file hourly.toml", 0],
    ],
  },
  {
    name: "flows, in doubt",
    faults: "POST /data/foundation/flowservice:close-after@1-3,POST /data/foundation/conversion:close-after@1",
    commands: [
      ["schema apply --yes", 0],
      ["flow apply --file flows.toml --yes", 0],
    ],
  },
];

/** The batch that was completed last. */
function completed(asked) {
  const ids = asked.map(({ path, query }) => query === "action=COMPLETE" && /batches\/([^/]+)$/.exec(path)?.[1]);
  return ids.findLast(Boolean);
}

/** Walks all roads with the programs of a directory, below another one; all that Platform was asked. */
export async function record(programs, place, said) {
  const program = (name) => {
    const path = join(programs, name);
    if (existsSync(path)) return path;
    throw new Error(`${path} is not there: build it with cargo build --release, or give --programs DIR`);
  };
  const [xdm, sandbox] = [program("stripe-xdm"), program("stripe-xdm-sandbox")];
  const log = join(place, "log.jsonl");
  for (const [number, road] of ROADS.entries()) {
    said(road.name);
    const directory = join(place, String(number));
    mkdirSync(directory);
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);
    const served = await serve(sandbox, log, road);
    try {
      for (const [given, codes, until] of road.commands) {
        const command = typeof given === "string" ? given : given(noted(log));
        const once = () => run(xdm, command, [codes].flat(), directory, served.environment);
        const end = Date.now() + PATIENCE;
        for (let out = await once(); until && !until.test(out); out = await once()) {
          if (Date.now() > end) throw new Error(`stripe-xdm ${command} never says ${until}:\n${out.slice(-2000)}`);
          await setTimeout(PAUSE);
        }
      }
    } finally {
      await served.stop();
    }
  }
  return noted(log);
}

/** The requests of a log. */
export function noted(log) {
  const lines = readFileSync(log, "utf8").split("\n");
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

/** Starts the sandbox; how the program reaches it. */
async function serve(sandbox, log, { faults = "", pace, sandbox: more = [] }) {
  const flags = ["--objects", "600", "--no-limits", "--platform", "--platform-log", log, ...more];
  if (faults) flags.push("--platform-faults", faults);
  if (pace) flags.push("--platform-pace", String(pace));
  const child = spawn(sandbox, flags, { stdio: ["ignore", "pipe", "inherit"] });
  const up = new AbortController();
  setTimeout(START, undefined, { signal: up.signal, ref: false }).then(() => child.kill(), () => {});
  const lines = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line.startsWith("scopes ")) break;
  }
  up.abort();
  const told = (word) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
  if (!told("scopes")) throw new Error("stripe-xdm-sandbox does not start");
  const environment = {
    STRIPE_API_KEY: lines[1],
    STRIPE_XDM_API_BASE: lines[0],
    STRIPE_ACCESS_TOKEN: KEY,
    STRIPE_XDM_PLATFORM_URL: told("platform"),
    STRIPE_XDM_IMS_URL: told("platform"),
    STRIPE_XDM_ORG: told("organization"),
    STRIPE_XDM_AEP_SANDBOX: told("sandboxes").split(" ")[0],
    STRIPE_XDM_CLIENT_ID: told("client"),
    STRIPE_XDM_CLIENT_SECRET: told("secret"),
    STRIPE_XDM_SCOPES: told("scopes"),
  };
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGINT");
    await once(child, "exit");
  };
  return { environment, stop };
}

function run(program, command, codes, directory, served) {
  // Neither the settings nor the tokens of whoever runs this.
  const env = { PATH: process.env.PATH, HOME: directory, XDG_CACHE_HOME: join(directory, "../cache"), ...served };
  const options = { cwd: directory, env, timeout: COMMAND, maxBuffer: 64 << 20 };
  return new Promise((resolve, reject) => {
    execFile(program, command.split(" "), options, (error, out, said) => {
      const code = error ? (error.code ?? error.signal) : 0;
      // What the program does not understand ends with 2, too.
      if (codes.includes(code) && !/^Usage: /m.test(said)) return resolve(out);
      const told = `${said.slice(-2000)}${out.slice(-2000)}`;
      reject(new Error(`stripe-xdm ${command} ends with ${code}, not with ${codes.join(" or ")}:\n${told}`));
    });
  });
}

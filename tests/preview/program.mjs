// The program that serves the page, and the Stripe stand-in that it reads from.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where `cargo xtask test` builds, or says that it has built. */
const PROGRAMS = process.env.STRIPE_XDM_PROGRAMS ?? fileURLToPath(new URL("../../target/release", import.meta.url));

/** The path of a program that was built. */
export function built(name) {
  const path = join(PROGRAMS, name);
  if (!existsSync(path)) throw new Error(`${path} is missing; build it with \`cargo xtask build\` and \`cargo build --release -p stripe-xdm-sandbox\`, or name its directory in STRIPE_XDM_PROGRAMS`);
  return path;
}

/** Starts a program and gives its first lines; it ends with `stop`. */
async function start(name, args, env, lines) {
  // Compiled modules go where the native tests have theirs.
  const cache = join(PROGRAMS, "deps/stripe-xdm-tests-cache");
  const child = spawn(built(name), args, { env: { XDG_CACHE_HOME: cache, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    child.kill("SIGINT");
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    return code;
  };
  const said = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (said.length === lines) return { said, stop };
  }
  throw new Error(`${name} ended: ${said.join("\n")}`);
}

/** The preview of a made-up account: its address, the token in it, and the key that nobody may see. */
export async function program(args = []) {
  const stripe = await start("stripe-xdm-sandbox", ["--mode", "test", "--no-limits"], {}, 2);
  const [base, key] = stripe.said;
  const options = ["preview", "--json", "--quiet", "--tenant", "acme", "--rate-limit", "100000", "--api-base", base, ...args];
  const preview = await start("stripe-xdm", options, { STRIPE_API_KEY: key }, 1);
  const { origin, hash } = new URL(JSON.parse(preview.said[0]).url);
  return {
    address: `${origin}/`,
    hash,
    key,
    stop: async () => {
      assert.equal(await preview.stop(), 0);
      await stripe.stop();
    },
  };
}

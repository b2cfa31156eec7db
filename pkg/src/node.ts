// Node and Bun. Nothing is awaited, so `require` takes it, too.

import { readFileSync } from "node:fs";
import { initSync } from "./stripe_xdm.js";

initSync({ module: readFileSync(new URL("./stripe_xdm_bg.wasm", import.meta.url)) });

export * from "./api.js";

// Deno. Needs `--allow-read` for the package's directory.

import { initSync } from "./stripe_xdm.js";

initSync({ module: Deno.readFileSync(new URL("./stripe_xdm_bg.wasm", import.meta.url)) });

export * from "./api.js";

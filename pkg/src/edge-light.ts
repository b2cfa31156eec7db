// Vercel's edge runtime. Asynchronous, for the module that it hands over belongs to another realm: it is no
// instance of this one's `WebAssembly.Module`, which `initSync` asks for.

import module from "./stripe_xdm_bg.wasm?module";
import init from "./stripe_xdm.js";

await init({ module_or_path: module });

export * from "./api.js";

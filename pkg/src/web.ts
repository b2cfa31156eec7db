// Browsers and their bundlers, which know `new URL(…, import.meta.url)` as the way to name a file.

import init from "./stripe_xdm.js";

await init({ module_or_path: new URL("./stripe_xdm_bg.wasm", import.meta.url) });

export * from "./api.js";

// Cloudflare's runtime, which compiles modules when it deploys them and refuses bytes later.

import module from "./stripe_xdm_bg.wasm";
import { initSync } from "./stripe_xdm.js";

initSync({ module });

export * from "./api.js";

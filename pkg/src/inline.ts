// The module as text among the code, for what wants a single file.

import { initSync } from "./stripe_xdm.js";
import { base64 } from "./stripe_xdm_bg.base64.js";

initSync({ module: Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)) });

export * from "./api.js";

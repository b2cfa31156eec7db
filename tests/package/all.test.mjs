// One process for all, so that the package is packed and installed once: `node --test all.test.mjs`.

import "./published.mjs";
import "./types.mjs";
import "./api.mjs";
import "./runtimes.mjs";
import "./pages.mjs";
import "./webhook/signature.mjs";
import "./webhook/endpoint.mjs";
import "./webhook/stores.mjs";

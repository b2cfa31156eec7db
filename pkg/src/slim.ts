// The API without the module: you bring the module, from wherever you keep it, and call `init` or `initSync` once
// before anything else.

import load, { initSync as loadSync } from "./stripe_xdm.js";

/** Where a module may come from: its URL, a response, its bytes, or compiled. */
export type ModuleSource = string | URL | Response | BufferSource | WebAssembly.Module;

/** Makes the API ready. A second call waits for the first and does nothing more. */
export async function init(source: ModuleSource | Promise<ModuleSource>): Promise<void> {
  await load({ module_or_path: source });
}

/** Makes the API ready at once. Browsers compile at most 8 MB like this, some less, and only in workers. */
export function initSync(module: BufferSource | WebAssembly.Module): void {
  loadSync({ module });
}

export * from "./api.js";

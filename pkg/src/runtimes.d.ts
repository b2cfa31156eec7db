// What the entry points need of their runtimes: a few names each, so that the sources need no runtime's types
// and cannot use more by accident.

declare module "node:fs" {
  export function readFileSync(path: URL): Uint8Array<ArrayBuffer>;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

declare namespace Deno {
  function readFileSync(path: URL): Uint8Array<ArrayBuffer>;
}

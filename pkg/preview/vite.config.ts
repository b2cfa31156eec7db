// How the page is built: a static site whose files may lie below any path of any server.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "./",
  resolve: {
    alias: [
      { find: /^stripe-xdm$/, replacement: here("../dist/stripe_xdm.js") },
      { find: /^stripe-xdm\/(.+)$/, replacement: `${here("../dist")}/$1` },
    ],
  },
  // The module and the samples lie outside of this directory.
  server: { host: "127.0.0.1", fs: { allow: [here("../..")] } },
  preview: { host: "127.0.0.1" },
  worker: { format: "es" },
  build: {
    outDir: here("dist"),
    emptyOutDir: true,
    target: "es2022",
    // Inlined files would be data: addresses, which the page's policy does not allow for scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What Spectrum and CodeMirror weigh; said here so that more is noticed.
    chunkSizeWarningLimit: 1500,
  },
});

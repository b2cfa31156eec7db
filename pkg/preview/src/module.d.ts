// Files of the module as Vite gives them.

declare module "stripe-xdm/stripe_xdm_bg.wasm?url" {
  const address: string;
  export default address;
}

declare module "stripe-xdm/module.sha256?raw" {
  const line: string;
  export default line;
}

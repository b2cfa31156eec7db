// A host of the bytes ABI in its plainest form, from the ABI's documentation alone: no glue, every
// import a trap.

/** A failure of a whole call, with the payload as the module gave it. */
export class Refused extends Error {
  constructor(payload) {
    super(new TextDecoder().decode(payload));
    this.payload = payload;
  }
}

/** One instance of the module. */
export class BytesAbi {
  #exports;

  constructor(wasm) {
    const module = new WebAssembly.Module(wasm);
    const sections = WebAssembly.Module.customSections(module, "stripe-xdm-abi");
    const version = new TextDecoder().decode(sections[0]);
    if (sections.length !== 1 || version !== "1") throw new Error(`ABI version ${version}`);
    const imports = {};
    for (const { module: namespace, name, kind } of WebAssembly.Module.imports(module)) {
      if (namespace !== "./stripe_xdm_bg.js" || kind !== "function") {
        throw new Error(`the module imports ${kind} ${name} from ${namespace}`);
      }
      imports[name] = () => {
        throw new Error(`the module called ${name}, which only JavaScript's API may need`);
      };
    }
    this.#exports = new WebAssembly.Instance(module, { "./stripe_xdm_bg.js": imports }).exports;
    if (this.#exports.xdm_abi_version() !== 1) throw new Error("the code speaks another ABI version");
  }

  /** Opens settings given as JSON bytes; returns a handle. */
  open(settings) {
    const handle = this.#withBuffer(settings, (ptr, len) => this.#exports.xdm_open(ptr, len));
    return new DataView(handle.buffer).getUint32(0, true);
  }

  /** Answers a request. */
  transform(handle, request) {
    return this.#withBuffer(request, (ptr, len) => this.#exports.xdm_transform(handle, ptr, len));
  }

  /** The module's description, as JSON bytes. */
  describe() {
    return this.#take(this.#exports.xdm_describe());
  }

  /** Answers a question of the mapping language, both as JSON bytes. */
  language(request) {
    return this.#withBuffer(request, (ptr, len) => this.#exports.xdm_language(ptr, len));
  }

  close(handle) {
    this.#exports.xdm_close(handle);
  }

  /** How many bytes of memory the instance has. */
  get memory() {
    return this.#exports.memory.buffer.byteLength;
  }

  #withBuffer(bytes, call) {
    const ptr = this.#exports.xdm_alloc(bytes.length);
    if (ptr === 0 && bytes.length > 0) throw new Error(`no room for ${bytes.length} bytes`);
    new Uint8Array(this.#exports.memory.buffer, ptr, bytes.length).set(bytes);
    const packed = call(ptr, bytes.length);
    if (bytes.length > 0) this.#exports.xdm_free(ptr, bytes.length);
    return this.#take(packed);
  }

  #take(signed) {
    const packed = BigInt.asUintN(64, signed);
    const ptr = Number((packed >> 31n) & 0xffffffffn);
    const len = Number(packed & 0x7fffffffn);
    // A copy: the memory is the module's and may move.
    const bytes = new Uint8Array(this.#exports.memory.buffer, ptr, len).slice();
    if (len > 0) this.#exports.xdm_free(ptr, len);
    if (packed >> 63n) throw new Refused(bytes);
    return bytes;
  }
}

// Cloudflare: events remembered in Workers KV, or exactly in a Durable Object.
//
// Only the few members that are used are typed, so that the package needs no types of Cloudflare's.

import { CLAIMED, REMEMBERED, type SeenStore } from "./seen.js";

/** A KV namespace, as the binding gives it. */
export interface KvNamespace {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
}

/**
 * Remembers in Workers KV. Cheap and everywhere, but a write is seen elsewhere up to a minute later, and two that come
 * at once both go through.
 */
export function kv(namespace: KvNamespace): SeenStore {
  return {
    async claim(id) {
      return (await namespace.get(id)) === null ? "new" : "known";
    },
    async settle(id, delivered) {
      if (delivered) await namespace.put(id, "1", { expirationTtl: REMEMBERED });
    },
  };
}

/** A namespace of Durable Objects whose class extends nothing but has the methods of [`SeenEvents`]. */
export interface SeenNamespace {
  idFromName(name: string): unknown;
  get(id: never): { fetch(url: string): Promise<Response> };
}

/** What a Durable Object is made with, as far as it is used. */
export interface DurableState {
  readonly storage: {
    get<T>(key: string): Promise<T | undefined>;
    put(key: string, value: unknown): Promise<void>;
    delete(key: string | string[]): Promise<unknown>;
    list<T>(options: { limit: number; startAfter?: string }): Promise<Map<string, T>>;
    getAlarm(): Promise<number | null>;
    setAlarm(at: number): Promise<void>;
  };
}

/** Objects that events are spread over: each takes about a thousand requests a second. */
const SHARDS = 16;
const SWEEP = 86_400_000;
const PAGE = 128;

/** Remembers in Durable Objects of the class [`SeenEvents`]: exactly, wherever doubles arrive. */
export function durable(namespace: SeenNamespace): SeenStore {
  const ask = async (id: string, what: string): Promise<string> => {
    let shard = 0;
    for (const letter of id) shard = (shard * 31 + letter.charCodeAt(0)) % SHARDS;
    const object = namespace.get(namespace.idFromName(`seen-${shard}`) as never);
    const answer = await object.fetch(`https://seen/${what}?id=${encodeURIComponent(id)}`);
    if (!answer.ok) throw new Error(`the Durable Object of seen events answered ${answer.status}`);
    return answer.text();
  };
  return {
    async claim(id) {
      const answer = await ask(id, "claim");
      return answer === "known" || answer === "busy" ? answer : "new";
    },
    async settle(id, delivered) {
      await ask(id, delivered ? "delivered" : "failed");
    },
  };
}

/** The class of Durable Objects: export it from your worker and bind it. */
export class SeenEvents {
  readonly #storage: DurableState["storage"];

  constructor(state: DurableState) {
    this.#storage = state.storage;
  }

  /** One request at a time passes between a read and the write that follows it. */
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id") ?? "";
    const now = Date.now();
    if (pathname === "/claim") {
      const known = await this.#storage.get<{ delivered: boolean; until: number }>(id);
      if (known !== undefined && known.until > now) return new Response(known.delivered ? "known" : "busy");
      await this.#storage.put(id, { delivered: false, until: now + CLAIMED * 1000 });
      if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(now + SWEEP);
      return new Response("new");
    }
    if (pathname === "/delivered") {
      await this.#storage.put(id, { delivered: true, until: now + REMEMBERED * 1000 });
    } else {
      await this.#storage.delete(id);
    }
    return new Response("settled");
  }

  /** Once a day: forgets what need not be remembered any longer. */
  async alarm(): Promise<void> {
    const now = Date.now();
    let after: string | undefined;
    for (;;) {
      const options = after === undefined ? { limit: PAGE } : { limit: PAGE, startAfter: after };
      const page = await this.#storage.list<{ until: number }>(options);
      const old = [...page].filter(([, { until }]) => until <= now).map(([id]) => id);
      if (old.length > 0) await this.#storage.delete(old);
      if (page.size < PAGE) break;
      after = [...page.keys()].at(-1);
    }
    await this.#storage.setAlarm(now + SWEEP);
  }
}

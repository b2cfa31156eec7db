// Deno: events remembered in Deno KV, exactly.
//
// Only the few members that are used are typed, so that the package needs no types of Deno's.

import { CLAIMED, REMEMBERED, type SeenStore } from "./seen.js";

interface Entry {
  readonly value: unknown;
  readonly versionstamp: string | null;
}

interface Operation {
  check(entry: { key: readonly string[]; versionstamp: string | null }): Operation;
  set(key: readonly string[], value: unknown, options: { expireIn: number }): Operation;
  commit(): Promise<{ readonly ok: boolean }>;
}

/** A database, as `Deno.openKv()` gives it. */
export interface DenoKv {
  get(key: readonly string[]): Promise<Entry>;
  set(key: readonly string[], value: unknown, options: { expireIn: number }): Promise<unknown>;
  delete(key: readonly string[]): Promise<void>;
  atomic(): Operation;
}

interface Remembered {
  readonly delivered: boolean;
  readonly until: number;
}

/** Remembers in Deno KV, below the key `["stripe-xdm", "seen"]`. */
export function denoKv(database: DenoKv): SeenStore {
  const keyOf = (id: string) => ["stripe-xdm", "seen", id];
  return {
    async claim(id) {
      const key = keyOf(id);
      const { value, versionstamp } = await database.get(key);
      const known = value as Remembered | null;
      // Deno forgets somewhat later than it is told to, so the time is kept, too.
      if (known !== null && known.until > Date.now()) return known.delivered ? "known" : "busy";
      const expireIn = CLAIMED * 1000;
      const claim: Remembered = { delivered: false, until: Date.now() + expireIn };
      const claimed = await database.atomic().check({ key, versionstamp }).set(key, claim, { expireIn }).commit();
      return claimed.ok ? "new" : "busy";
    },
    async settle(id, delivered) {
      if (!delivered) return database.delete(keyOf(id));
      const expireIn = REMEMBERED * 1000;
      const value: Remembered = { delivered: true, until: Date.now() + expireIn };
      await database.set(keyOf(id), value, { expireIn });
    },
  };
}

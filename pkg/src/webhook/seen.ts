// Which events were delivered before: Stripe sends each at least once.

/**
 * Remembers events. A store that several instances share keeps doubles from all of them; whatever it forgets is
 * delivered once more, with the same `_id`s.
 */
export interface SeenStore {
  /**
   * Asks for an event. `new`: it is yours until you settle it, for a minute at least; `known`: it was delivered;
   * `busy`: somebody else has it.
   */
  claim(id: string): Promise<"new" | "known" | "busy">;
  /** Says whether a claimed event was delivered. If it was not, the next who asks gets it. */
  settle(id: string, delivered: boolean): Promise<void>;
}

/** How long a delivered event is remembered, in seconds: Stripe can send one again for 30 days. */
export const REMEMBERED = 31 * 86_400;
/** How long a claim holds whose owner does not settle it, in seconds. */
export const CLAIMED = 60;

/** Remembers in this instance's memory, up to so many events: enough where one process takes all. */
export function memory(capacity = 100_000): SeenStore {
  // In the order of being claimed, so that the oldest is the first. The value is when it is forgotten.
  const events = new Map<string, { delivered: boolean; until: number }>();
  const remember = (id: string, delivered: boolean, seconds: number) => {
    events.delete(id);
    events.set(id, { delivered, until: Date.now() + seconds * 1000 });
    for (const oldest of events.keys()) {
      if (events.size <= capacity) break;
      events.delete(oldest);
    }
  };
  return {
    async claim(id) {
      const known = events.get(id);
      if (known !== undefined && known.until > Date.now()) return known.delivered ? "known" : "busy";
      remember(id, false, CLAIMED);
      return "new";
    },
    async settle(id, delivered) {
      if (delivered) remember(id, true, REMEMBERED);
      else events.delete(id);
    },
  };
}

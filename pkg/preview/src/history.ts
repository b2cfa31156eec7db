// Undo and redo. Keystrokes in one field are one step, as in any editor.

/** Values of one kind and how one came to be from another. */
export class History<T> {
  private past: T[] = [];
  private future: T[] = [];
  private last: { what: string; when: number } | undefined;

  constructor(private present: T) {}

  get value(): T {
    return this.present;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Makes a value the present one. Changes of the same thing within a second are one step. */
  put(value: T, what: string, when = performance.now()): void {
    const continues = this.last !== undefined && this.last.what === what && when - this.last.when < 1000;
    if (!continues) {
      this.past.push(this.present);
      if (this.past.length > STEPS) this.past.shift();
    }
    this.last = { what, when };
    this.present = value;
    this.future = [];
  }

  undo(): void {
    const value = this.past.pop();
    if (value === undefined) return;
    this.future.push(this.present);
    this.present = value;
    this.last = undefined;
  }

  redo(): void {
    const value = this.future.pop();
    if (value === undefined) return;
    this.past.push(this.present);
    this.present = value;
    this.last = undefined;
  }
}

/** How many steps are remembered. */
const STEPS = 500;

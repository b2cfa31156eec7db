// The objects that were opened. A file may hold a hundred thousand: it is read, and its objects stay, in a worker of
// their own, so that the page does not stand still; it asks for the one that it shows.

import type { Settings } from "stripe-xdm";
import { Engine } from "./engine.ts";
import { objectsIn } from "./objects.ts";
import type { Bulk } from "./protocol.ts";

export class Collection {
  private readonly edited = new Map<number, string>();
  private running: Engine | undefined;

  private constructor(
    readonly length: number,
    /** The objects themselves, or the file and the worker that has read it. */
    private readonly held: readonly string[] | { file: File; reader: Engine },
  ) {}

  static readonly none = new Collection(0, []);

  static of(objects: readonly string[]): Collection {
    return new Collection(objects.length, objects);
  }

  /** The objects in a pasted text. */
  static in(text: string): Collection {
    return Collection.of(objectsIn(text));
  }

  static async read(file: File): Promise<Collection> {
    const reader = new Engine(() => undefined);
    try {
      return new Collection(await reader.read(file), { file, reader });
    } catch (error) {
      reader.end();
      throw error;
    }
  }

  /** An object's text, as a person may have edited it. */
  async at(index: number): Promise<string | undefined> {
    const edited = this.edited.get(index);
    if (edited !== undefined || index < 0 || index >= this.length) return edited;
    return "reader" in this.held ? (await this.reader(this.held)).object(index) : this.held[index];
  }

  /** The worker with the objects. One that an object has broken was replaced, and reads them again. */
  private async reader({ file, reader }: { file: File; reader: Engine }): Promise<Engine> {
    if ((await reader.object(0)) === undefined) await reader.read(file);
    return reader;
  }

  edit(index: number, text: string): void {
    this.edited.set(index, text);
  }

  /** Transforms them all, beside everything else, and counts what becomes of them. */
  async bulk(settings: Settings, progress: (found: Bulk) => void): Promise<void> {
    const edited = [...this.edited];
    if ("reader" in this.held) {
      await (await this.reader(this.held)).bulk({ settings, edited }, progress);
      return;
    }
    this.running?.end();
    const engine = (this.running = new Engine(() => undefined));
    try {
      await engine.bulk({ settings, edited, objects: this.held }, progress);
    } finally {
      engine.end();
    }
  }

  /** Forgets them. */
  close(): void {
    if ("reader" in this.held) this.held.reader.end();
    this.running?.end();
  }
}

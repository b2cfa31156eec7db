// What a person does with the account behind the page: looks at objects, tries the changes over the last of them.
// It outlives its panel, which is drawn anew whenever its tab is chosen.

import type { Account, Connection, Found, Progress } from "./connect.ts";
import type { Session } from "./session.ts";

/** Most objects that the program gives out at once, and most that it tries. */
const MOST_SAMPLES = 1_000;
export const MOST = 10_000;

export class Desk {
  /** What was chosen; empty for what suits. */
  private chosen = { account: "", resource: "" };
  last = 10;
  /** Of the dry run that goes on. */
  progress: Progress | undefined;
  /** Of the last dry run. */
  found: { account: string; resource: string; result: Found } | undefined;
  problem = "";
  busy = false;
  private stopping: AbortController | undefined;

  constructor(
    readonly connection: Connection,
    private readonly session: Session,
    private readonly changed: () => void,
  ) {}

  get account(): Account | undefined {
    const { accounts } = this.connection.about;
    return accounts.find(({ name }) => name === this.chosen.account) ?? accounts[0];
  }

  /** The resource that was chosen, else that of the model in the page. */
  get resource(): string {
    const resources = this.account?.resources ?? [];
    const of = resources.find(({ name }) => name === this.chosen.resource) ?? resources.find(({ object }) => object === this.session.model?.resource);
    return (of ?? resources[0])?.name ?? "";
  }

  choose(chosen: { account?: string; resource?: string; last?: number }): void {
    const { last, ...others } = chosen;
    this.chosen = { ...this.chosen, ...others };
    this.last = last ?? this.last;
    this.changed();
  }

  /** Opens the newest objects, as any others. */
  look(): Promise<void> {
    return this.attempt(async ({ name }) => {
      if (!isCount(this.last, MOST_SAMPLES)) throw new Error(`From 1 to ${MOST_SAMPLES.toLocaleString("en")} objects can be looked at; a dry run takes more.`);
      await this.open(name, this.resource, { limit: this.last });
    });
  }

  /** Opens the object that the dry run has named. */
  show(id: string): Promise<void> {
    return this.attempt(async () => {
      if (this.found !== undefined) await this.open(this.found.account, this.found.resource, { id });
    });
  }

  /** Tries the changes of the page over the newest objects. */
  dryRun(): Promise<void> {
    return this.attempt(async ({ name: account }) => {
      const { last, resource } = this;
      if (!isCount(last, MOST)) throw new Error(`A dry run takes from 1 to ${MOST.toLocaleString("en")} objects.`);
      this.stopping = new AbortController();
      this.told({ objects: 0, of: last });
      try {
        const question = { account, resource, last, models: this.session.changes };
        const result = await this.connection.dryRun(question, (progress) => this.told(progress), this.stopping.signal);
        this.found = { account, resource, result };
      } finally {
        this.progress = undefined;
      }
    });
  }

  stop(): void {
    this.stopping?.abort();
  }

  private told(progress: Progress): void {
    this.progress = progress;
    this.changed();
  }

  private async open(name: string, resource: string, which: { limit: number } | { id: string }): Promise<void> {
    const { text, account, livemode } = await this.connection.samples(name, resource, which);
    // So that ids and links in the records are those of a sync.
    const version = this.connection.about.accounts.find((each) => each.name === name)?.api_version ?? null;
    const settings = { ...this.session.settings, account, livemode, api_version: version };
    if (JSON.stringify(settings) !== JSON.stringify(this.session.settings)) await this.session.editSettings(JSON.stringify(settings, null, 2));
    await this.session.openText(text, `${resource.replaceAll("_", " ")} of ${name}`);
  }

  private async attempt(act: (account: Account) => Promise<void>): Promise<void> {
    const { account } = this;
    if (account === undefined || this.busy) return;
    this.busy = true;
    this.problem = "";
    this.changed();
    try {
      await act(account);
    } catch (error) {
      // Whoever stops it knows.
      const isStopped = error instanceof DOMException && error.name === "AbortError";
      if (!isStopped) this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.busy = false;
      this.changed();
    }
  }
}

const isCount = (count: number, most: number): boolean => Number.isInteger(count) && count >= 1 && count <= most;

// The way to the program that serves this page, when one does. The address that it prints holds a token in its
// fragment; a site that anybody serves has none, and then nobody is asked anything. The key of the account stays
// with the program: what comes here are objects.

import type { Settings, UserModel } from "stripe-xdm";

/** Under what the token outlives a reload of this tab. */
const TOKEN = "stripe-xdm.preview.token";

export interface Account {
  name: string;
  mode: "live" | "test" | null;
  api_version: string;
  resources: { name: string; object: string }[];
}

/** What the program says of its settings. */
export interface About {
  accounts: Account[];
  /** Why there is no account. */
  lacking?: string;
  settings: Settings;
  /** The files of mappings that the settings name. */
  mappings: string[];
}

export interface Samples {
  /** A list as Stripe's, as text. */
  text: string;
  /** Stripe's id of the account. */
  account: string;
  livemode: boolean;
}

export interface DryRun {
  account: string;
  resource: string;
  last: number;
  models: UserModel[];
}

export interface Outcome {
  kind: "error" | "invalid" | "warning" | "skipped" | "unmapped";
  code: string;
  before: number;
  after: number;
  first: { id: string; message: string };
}

export interface ChangedField {
  dataset: string;
  path: string;
  changed: number;
  added: number;
  removed: number;
  id: string;
  before: string | null;
  after: string | null;
}

export interface Differences {
  objects: number;
  changed: number;
  added: number;
  removed: number;
  fields: ChangedField[];
  other_fields: number;
}

/** What a dry run has found; `before` is the mapping of the settings, `after` with the changes of this page. */
export interface Found {
  objects: number;
  counted: { records: { before: number; after: number }; outcomes: Outcome[]; others: number };
  /** `null` when nothing is changed here. */
  differences: Differences | null;
}

export interface Progress {
  objects: number;
  of: number;
}

type Line = { progress: Progress } | { found: Found } | { error: { code: string; message: string } };

/** The token in the address, which is taken out of it, or that of an earlier load of this tab. */
function token(): string | undefined {
  const given = /^#token=([0-9a-f]{64})$/.exec(location.hash)?.[1];
  try {
    if (given !== undefined) sessionStorage.setItem(TOKEN, given);
    return given ?? sessionStorage.getItem(TOKEN) ?? undefined;
  } catch {
    // Storage is forbidden in this browser: then the token ends with the page.
    return given;
  } finally {
    if (given !== undefined) history.replaceState(null, "", location.pathname + location.search);
  }
}

function forget(): void {
  try {
    sessionStorage.removeItem(TOKEN);
  } catch {
    // Then it was never kept.
  }
}

export class Connection {
  private constructor(
    private readonly token: string,
    readonly about: About,
  ) {}

  /** The program behind the page; `undefined` when the page is a static site. */
  static async open(): Promise<Connection | undefined> {
    const given = token();
    if (given === undefined) return undefined;
    const response = await ask(given, "session");
    if (response.status === 401) {
      forget();
      throw new Error("The program that serves this page was started anew. Open the address that it printed.");
    }
    return new Connection(given, (await checked(response).then((each) => each.json())) as About);
  }

  /** The newest objects of a resource, or the one of an id. */
  async samples(account: string, resource: string, which: { limit: number } | { id: string }): Promise<Samples> {
    const query = new URLSearchParams({ account, resource });
    for (const [name, value] of Object.entries(which)) query.set(name, String(value));
    const response = await checked(await ask(this.token, `samples?${query}`));
    const text = await response.text();
    const { account: id, livemode } = JSON.parse(text) as { account: string; livemode: boolean };
    return { text, account: id, livemode };
  }

  /** Tries a mapping over the newest objects. */
  async dryRun(question: DryRun, progress: (progress: Progress) => void, signal: AbortSignal): Promise<Found> {
    const init = { method: "POST", body: JSON.stringify(question), headers: { "content-type": "application/json" }, signal };
    const response = await checked(await ask(this.token, "dry-run", init));
    for await (const text of lines(response)) {
      const line = JSON.parse(text) as Line;
      if ("error" in line) throw new Error(line.error.message);
      if ("found" in line) return line.found;
      progress(line.progress);
    }
    throw new Error("The dry run broke off: the program has ended.");
  }
}

async function ask(token: string, what: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
  try {
    return await fetch(`./api/${what}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Error("The program that serves this page does not answer. Was it ended? Start it again and open the address that it prints.");
  }
}

/** The answer, unless the program has refused; then its words. */
async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const { error } = (await response.json()) as { error: { message: string } };
  throw new Error(error.message);
}

async function* lines(response: Response): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

// Ways in and out of the page: files of changes, mapping sets of Adobe's, command lines and code.

import type { UserModel } from "stripe-xdm";
import { emptyDraft, fromMappings, inPlace, userModel, type Also, type Draft, type Mapping } from "./draft.ts";
import { printExact } from "./exact.ts";
import type { Gives } from "./protocol.ts";
import type { Session } from "./session.ts";

/** Most bytes of a file of mappings. */
const MAX_BYTES = 5 * 1024 * 1024;

/** The changes as a file for `--mapping`, or nothing when there are none. */
export function draftFile(session: Session): string | undefined {
  const model = session.draft === undefined ? undefined : userModel(session.draft);
  return model === undefined ? undefined : `${printExact(model)}\n`;
}

/** What `--mapping` and the settings call the file. */
export function fileName(session: Session): string {
  return `${session.model?.name ?? "model"}.json`;
}

/** A set out of a file, before it is decided what becomes of it. */
export interface OpenedSet {
  name: string;
  mappings: readonly Mapping[];
  drop: readonly string[];
  also: Also | undefined;
  /** Whether it stands in the default's place; undefined when the file does not say. */
  replace: boolean | undefined;
  /** Mappings that could not be read. */
  problems: readonly string[];
}

/** Reads a file: changes as this page saves them, or a mapping set of Adobe's in any form. */
export async function readSet(session: Session, file: File): Promise<OpenedSet> {
  const { name } = file;
  if (file.size > MAX_BYTES) throw new Error(`${name} is larger than ${MAX_BYTES / 1024 / 1024} MB; a mapping set is not.`);
  let value: unknown;
  try {
    value = JSON.parse(await file.text());
  } catch (error) {
    throw new Error(`${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value === null || typeof value !== "object") throw new Error(`${name} is no mapping set: it is no object.`);
  const user = value as Partial<UserModel>;
  const own = typeof user.resource === "string";
  if (own) {
    const fitting = session.models.find((each) => each.resource === user.resource && (user.variant === undefined || each.variant === user.variant));
    if (fitting === undefined) throw new Error(`${name} is about ${user.resource}, which has no such model here.`);
    if (fitting.name !== session.model?.name) {
      if (fitting.resource !== session.model?.resource) await session.openSample(fitting.resource);
      await session.chooseModel(fitting.name);
    }
  }
  const imported = await session.ask("import", { set: own ? (user.mappingSet ?? { mappings: [] }) : value });
  const read = (imported.set as { mappings?: Mapping[] }).mappings ?? [];
  const prefix = imported.sourcesPrefix === undefined || imported.sourcesPrefix === "" ? "" : `${imported.sourcesPrefix}.`;
  const mappings = read.map(({ sourceType, source, destination, type }): Mapping => ({
    sourceType,
    source: sourceType === "ATTRIBUTE" && prefix !== "" && source.startsWith(prefix) ? source.slice(prefix.length) : source,
    destination: destination.replaceAll("{TENANT_ID}", session.settings.tenant),
    ...(type === undefined ? {} : { type }),
  }));
  const { dataset, embedded, dropped, schema } = user;
  const also = Object.fromEntries(Object.entries({ dataset, embedded, dropped, schema }).filter(([, each]) => each !== undefined));
  return {
    name,
    mappings,
    drop: own ? (user.drop ?? []) : [],
    also: own && Object.keys(also).length > 0 ? also : undefined,
    replace: own ? user.replace === true : undefined,
    problems: imported.problems,
  };
}

/** Puts a set into force: over the default, or in its place. Tells what that means. */
export function takeSet(session: Session, set: OpenedSet, replace: boolean): string {
  const { model } = session;
  if (model === undefined) throw new Error("Choose a model first.");
  const start = { ...emptyDraft(model.resource, model.variant), ...(set.also === undefined ? {} : { also: set.also }) };
  const draft = replace ? inPlace(start, session.defaultMappings, set.mappings) : fromMappings(start, session.defaultMappings, set.mappings, set.drop);
  session.put(draft, `open ${set.name}`);
  const count = draft.edits.length;
  const problems = set.problems.length > 0 ? ` ${set.problems.length} could not be read: ${set.problems[0]}` : "";
  const what = replace
    ? `${count} ${count === 1 ? "mapping stands" : "mappings stand"} in the place of the default model.`
    : `${count} ${count === 1 ? "mapping differs" : "mappings differ"} from the default.`;
  return `${set.name}: ${what}${problems}`;
}

/** The model as Adobe takes it, and what became of each mapping. */
export function toAdobe(session: Session): Promise<Gives<"export">> {
  if (session.model === undefined) throw new Error("Choose a model first.");
  return session.ask("export", { resource: session.model.name, settings: session.whole });
}

/** A command line that does what the page shows. */
export function commandLine(session: Session): string {
  const { tenant, account } = session.settings;
  const mapping = draftFile(session) === undefined ? "" : ` --mapping ${fileName(session)}`;
  return `stripe-xdm transform --tenant ${quote(tenant)}${account === undefined || account === null ? "" : ` --account ${quote(account)}`}${mapping} --records-only object.json`;
}

function quote(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A worker, as Cloudflare and others run it, that does what the page shows. Without the key of hashes, a secret. */
export function code(session: Session): string {
  const { privacy, ...others } = session.whole;
  const salted = privacy?.salt !== undefined && privacy.salt !== null;
  const settings = privacy === undefined ? others : { ...others, privacy: { rules: privacy.rules ?? [] } };
  const value = salted ? `{ ...settings, privacy: { ...settings.privacy, salt: env.PRIVACY_SALT } }` : "settings";
  return `import { open } from "stripe-xdm";

const settings = ${printExact(settings)};
let transformer;

export default {
  // Takes a Stripe object, an Event or a list, and answers with what becomes of each.
  async fetch(request${salted ? ", env" : ""}) {
    transformer ??= open(${value});
    const outcomes = transformer.transformJson(await request.text());
    return new Response(outcomes, { headers: { "content-type": "application/json" } });
  },
};
`;
}

/** Puts a text into a file of the person's. */
export function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A draft that came with the address, in force. */
export async function adopt(session: Session, draft: Draft): Promise<void> {
  const model = session.models.find((each) => each.resource === draft.resource && each.variant === draft.variant);
  if (model === undefined) throw new Error(`The address holds changes to ${draft.resource}.${draft.variant}, a model that this page does not have.`);
  if (model.name !== session.model?.name) {
    await session.openSample(draft.resource);
    await session.chooseModel(model.name);
  }
  session.put(draft, "shared");
}

// Ways in and out of the page: files of changes, mapping sets of Adobe's, command lines and code.

import type { UserModel } from "stripe-xdm";
import { emptyDraft, fromMappings, userModel, type Draft, type Mapping } from "./draft.ts";
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

/** Takes a file: changes as this page saves them, or a mapping set of Adobe's in any form. */
export async function openFile(session: Session, file: File): Promise<string> {
  if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than ${MAX_BYTES / 1024 / 1024} MB; a mapping set is not.`);
  const value: unknown = JSON.parse(await file.text());
  if (value === null || typeof value !== "object") throw new Error(`${file.name} is no mapping set: it is no object.`);
  const user = value as Partial<UserModel>;
  if (typeof user.resource === "string") {
    const fitting = session.models.find((each) => each.resource === user.resource && (user.variant === undefined || each.variant === user.variant));
    if (fitting === undefined) throw new Error(`${file.name} is about ${user.resource}, which has no such model here.`);
    if (user.replace === true) throw new Error(`${file.name} replaces the default model as a whole; this page shows changes to it. Take "replace" out to lay it over.`);
    if (fitting.name !== session.model?.name) await session.chooseModel(fitting.name);
  }
  const set = user.resource === undefined ? value : (user.mappingSet ?? { mappings: [] });
  return take(session, set, user.drop ?? [], file.name);
}

async function take(session: Session, set: object, drop: readonly string[], name: string): Promise<string> {
  const { model } = session;
  if (model === undefined) throw new Error("Choose a model first.");
  const imported = await session.ask("import", { set });
  const read = (imported.set as { mappings?: Mapping[] }).mappings ?? [];
  const prefix = imported.sourcesPrefix === undefined || imported.sourcesPrefix === "" ? "" : `${imported.sourcesPrefix}.`;
  const mappings = read.map(({ sourceType, source, destination, type }): Mapping => ({
    sourceType,
    source: sourceType === "ATTRIBUTE" && prefix !== "" && source.startsWith(prefix) ? source.slice(prefix.length) : source,
    destination: destination.replaceAll("{TENANT_ID}", session.settings.tenant),
    ...(type === undefined ? {} : { type }),
  }));
  const start = emptyDraft(model.resource, model.variant);
  session.put(fromMappings(start, session.defaultMappings, mappings, drop), `open ${name}`);
  const count = session.draft?.edits.length ?? 0;
  const problems = imported.problems.length > 0 ? ` ${imported.problems.length} could not be read: ${imported.problems[0]}` : "";
  return `${name}: ${count} ${count === 1 ? "mapping differs" : "mappings differ"} from the default.${problems}`;
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

/** Code that does what the page shows, for workers and scripts. Without what only the program may know. */
export function code(session: Session): string {
  const { privacy, ...settings } = session.whole;
  const shown = privacy === undefined ? settings : { ...settings, privacy: { rules: privacy.rules ?? [] } };
  const salt = privacy?.salt === undefined || privacy.salt === null ? "" : "// Give privacy.salt from a secret of the platform, not from the code.\n";
  return `import { open } from "stripe-xdm";\n\n${salt}const transformer = open(${printExact(shown)});\nconst outcomes = transformer.transformJson(await request.text());\n`;
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

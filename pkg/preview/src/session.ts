// One person's session: the object that is looked at, the changes to the model, and what the module says of
// both. The panes show it and call it; it tells them when something is new.

import type { LanguageFunction, Outcome, Settings, UserModel } from "stripe-xdm";
import { Collection } from "./collection.ts";
import type { Desk } from "./desk.ts";
import { TYPES, add, change, emptyDraft, move, revert, rows, userModel, type Draft, type Mapping, type Row } from "./draft.ts";
import type { Word } from "./editor.ts";
import { Engine, Refused } from "./engine.ts";
import { parseExact } from "./exact.ts";
import { pretty } from "./objects.ts";
import { at } from "./paths.ts";
import { fieldAt, fieldsOf, type Field } from "./fields.ts";
import { History } from "./history.ts";
import type { Bulk, Explanation, Failure, Library, Mistake, Step, Work } from "./protocol.ts";
import { proposed } from "./proposal.ts";
import { counterparts, placeOf, type Counterparts, type Selection } from "./provenance.ts";
import { SAMPLES, resourceOf, rootOf } from "./samples.ts";
import { readDrafts, readVersions, writeDrafts, writeVersions, type Version } from "./storage.ts";
import { destinationWords, lately, sourceWords } from "./words.ts";

/** A model by its name, `charge.event`. */
export interface ModelName {
  name: string;
  resource: string;
  variant: "event" | "record";
  dataset: string;
}

export type DoneOutcome = Extract<Outcome, { status: "done" }>;

const START: Settings = { tenant: "acme", account: "acct_1MM2TkLkdIwHu7ix" };

export class Session {
  models: ModelName[] = [];
  model: ModelName | undefined;
  settings: Settings = START;
  /** The settings as they stand in the editor, which may be half written. */
  settingsText = JSON.stringify(START, null, 2);
  /** Why the settings in the editor are not in force. */
  settingsProblem = "";

  objects = Collection.none;
  index = 0;
  origin = "";
  /** The object as it stands in the editor, which may be half written. */
  text = "";
  object: unknown;
  /** Where in the text the object stands: `data.object` in an Event. Sources are named from there. */
  root = "";
  textProblem = "";

  table: Row[] = [];
  mistakes: Record<string, Mistake[]> = {};
  value: { json: string } | { error: string } | undefined;
  outcome: Outcome | undefined;
  failure: Failure | undefined;
  explanation: Explanation | undefined;
  library: Library | undefined;
  fields: ReadonlyMap<string, Field> = new Map();
  functions: LanguageFunction[] = [];

  selection: Selection | undefined;
  related: Counterparts = counterparts(undefined, undefined);
  /** The row in the editor. */
  focus: string | undefined;
  /** The account behind the page, when it is no static site. */
  desk: Desk | undefined;
  bulk: Bulk | undefined;
  bulkProblem = "";
  /** From the last change until its records were there, in milliseconds; 0 before the first. */
  latency = 0;

  /** When the records that are awaited or shown were asked for. */
  asked = 0;

  private defaults: Mapping[] = [];
  private readonly histories = new Map<string, History<Draft>>();
  private readonly engine = new Engine((step) => this.told(step));
  private ahead = 0;

  constructor(private readonly changed: () => void) {
    for (const draft of readDrafts()) this.histories.set(`${draft.resource}.${draft.variant}`, new History(draft));
  }

  async start(): Promise<void> {
    try {
      const known = await this.engine.describe();
      const standard = known.datasets as { name: string; resource: string; variant: string; model?: string }[];
      this.models = standard
        .filter((each) => each.model === undefined || each.model === "standard")
        .map(({ name, resource, variant }) => ({
          name: `${resource}.${variant}`,
          resource,
          variant: variant === "event" ? "event" : "record",
          dataset: name,
        }));
      this.functions = await this.engine.language("functions", null);
      if (this.objects.length === 0) await this.openSample("charge");
    } catch (error) {
      this.fail(error);
    }
  }

  // The object.

  async openSample(name: string): Promise<void> {
    const text = SAMPLES.get(name);
    if (text !== undefined) await this.open(Collection.of([text]), `sample: ${name}`);
  }

  /** Takes what a person pasted. */
  async openText(text: string, origin: string): Promise<void> {
    await this.open(Collection.in(text), origin);
  }

  async openObjects(objects: readonly string[], origin: string): Promise<void> {
    await this.open(Collection.of(objects), origin);
  }

  async openFile(file: File): Promise<void> {
    await this.open(await Collection.read(file), file.name);
  }

  private async open(objects: Collection, origin: string): Promise<void> {
    this.objects.close();
    this.objects = objects;
    this.origin = origin;
    this.bulk = undefined;
    this.bulkProblem = "";
    await this.show(0);
  }

  /** Shows one of the objects, with the model that it needs. */
  async show(index: number): Promise<void> {
    const { objects } = this;
    let text: string | undefined;
    try {
      text = await objects.at(index);
    } catch (error) {
      // Others were opened meanwhile, or its worker is broken.
      if (objects === this.objects) this.fail(error);
    }
    if (text === undefined || objects !== this.objects) return;
    this.index = index;
    this.point(undefined);
    this.text = pretty(text);
    this.read();
    await this.follow();
  }

  /** The object as a person has edited it. */
  async editText(text: string): Promise<void> {
    this.text = text;
    this.read();
    if (this.textProblem === "") {
      this.objects.edit(this.index, text);
      await this.follow();
    } else {
      this.changed();
    }
  }

  private read(): void {
    try {
      const value = parseExact(this.text);
      if (value === null || typeof value !== "object" || Array.isArray(value)) {
        throw new Error("a Stripe object begins with { — open a file or paste to look at a list");
      }
      this.object = value;
      this.root = rootOf(value);
      this.textProblem = "";
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.textProblem = error instanceof SyntaxError ? `This is not JSON yet: ${message}. The record is that of the last text that was.` : message;
    }
  }

  /** The model that fits the object; then everything anew. */
  private async follow(): Promise<void> {
    const resource = resourceOf(this.text);
    const fitting = this.models.filter((each) => each.resource === resource);
    if (fitting.length > 0 && !fitting.some((each) => each.name === this.model?.name)) {
      await this.chooseModel(fitting[0]!.name);
    } else {
      this.refresh();
    }
  }

  // The model and its changes.

  async chooseModel(name: string): Promise<void> {
    const model = this.models.find((each) => each.name === name);
    if (model === undefined) return;
    this.model = model;
    if (!this.histories.has(name)) this.histories.set(name, new History(emptyDraft(model.resource, model.variant)));
    this.focus = undefined;
    this.explanation = undefined;
    this.point(undefined);
    await this.readDefaults();
  }

  /** What the default model maps under the settings, also what the privacy policy then takes away. */
  private async readDefaults(): Promise<void> {
    const { model } = this;
    if (model === undefined) return;
    const everything: Settings = { ...this.settings, privacy: { rules: [{ label: "C12", action: "keep" }] } };
    try {
      const { outputs } = await this.engine.language("explain", { resource: model.name, settings: everything });
      if (this.model !== model) return;
      this.defaults = outputs.map(({ sourceType, source, destination, type }) => ({
        sourceType: sourceType as Mapping["sourceType"],
        source,
        destination,
        ...(type === undefined ? {} : { type }),
      }));
      this.refresh();
      if (this.library === undefined) {
        // What is sensitive stays so, whatever the policy does to it.
        this.library = (await this.engine.language("schema", { settings: everything })).library;
      }
      this.fields = fieldsOf(this.library, model.dataset);
      this.changed();
    } catch (error) {
      this.fail(error);
    }
  }

  get draft(): Draft | undefined {
    return this.history?.value;
  }

  get history(): History<Draft> | undefined {
    return this.model === undefined ? undefined : this.histories.get(this.model.name);
  }

  get defaultMappings(): readonly Mapping[] {
    return this.defaults;
  }

  row(id: string | undefined): Row | undefined {
    return this.table.find((row) => row.id === id);
  }

  editRow(id: string, part: Partial<Mapping>): void {
    const row = this.row(id);
    if (row === undefined || this.draft === undefined) return;
    const mapping = { ...row.mapping, ...part };
    // Whoever writes a function or an operator means an expression, not a field of such a name.
    if (mapping.sourceType === "ATTRIBUTE" && part.source !== undefined && /[()"'+*/=<>!&|?\s]/.test(part.source)) mapping.sourceType = "EXPRESSION";
    this.put(change(this.draft, row, { mapping }), `edit ${id} ${Object.keys(part).join()}`);
  }

  switchRow(id: string, on: boolean): void {
    const row = this.row(id);
    if (row !== undefined && this.draft !== undefined) this.put(change(this.draft, row, { off: !on }), `switch ${id}`);
  }

  revertRow(id: string): void {
    if (this.draft !== undefined) this.put(revert(this.draft, id), `revert ${id}`);
  }

  moveRow(id: string, by: -1 | 1): void {
    if (this.draft !== undefined) this.put(move(this.draft, id, by), `move ${id} ${by}`);
  }

  addRow(destination = ""): void {
    const known = this.fieldOf(destination)?.type ?? "";
    this.addMapping({ sourceType: "EXPRESSION", source: "", destination, type: TYPES.includes(known) ? known : "string" });
  }

  /** Maps a value of the object to a field of its own, when there is none of that name. */
  mapSource(source: string): void {
    const { model, settings, root } = this;
    const place = placeOf(source, root);
    const mapping = proposed(source, place === undefined ? undefined : at(this.object, place), settings.tenant, model?.resource ?? "");
    const isTaken = this.table.some((row) => row.mapping.destination === mapping.destination) || this.fieldOf(mapping.destination) !== undefined;
    this.addMapping(isTaken ? { ...mapping, destination: "" } : mapping);
  }

  private addMapping(mapping: Mapping): void {
    if (this.draft === undefined) return;
    const { draft, id } = add(this.draft, mapping);
    this.focus = id;
    this.selection = undefined;
    this.related = counterparts(undefined, undefined);
    this.put(draft, `add ${id}`);
  }

  /** Puts a whole draft in the place of the present one: opened, imported, shared. */
  put(draft: Draft, what: string): void {
    this.history?.put(draft, what);
    this.refresh();
    this.keep();
  }

  undo(): void {
    this.history?.undo();
    this.refresh();
    this.keep();
  }

  redo(): void {
    this.history?.redo();
    this.refresh();
    this.keep();
  }

  // Versions: drafts that have a name.

  private kept: readonly Version[] = readVersions();

  /** The versions of the present model, the newest first. */
  get versions(): readonly Version[] {
    const { model } = this;
    return this.kept.filter(({ draft }) => draft.resource === model?.resource && draft.variant === model.variant).toReversed();
  }

  /** Keeps the present draft under a name. */
  keepVersion(name: string): void {
    const { draft } = this;
    if (draft === undefined) return;
    this.kept = writeVersions([...this.kept, { name, when: Date.now(), draft }]);
    this.changed();
  }

  forgetVersion(version: Version): void {
    this.kept = writeVersions(this.kept.filter((each) => each !== version));
    this.changed();
  }

  private keep(): void {
    writeDrafts([...this.histories.values()].map((each) => each.value));
  }

  // The settings.

  async editSettings(text: string): Promise<void> {
    this.settingsText = text;
    try {
      const settings = JSON.parse(text) as Settings;
      // The module knows best what settings may be.
      await this.engine.language("explain", { resource: this.model?.name ?? "charge", settings });
      this.settings = settings;
      this.settingsProblem = "";
      this.library = undefined;
      await this.readDefaults();
    } catch (error) {
      this.settingsProblem = error instanceof Error ? error.message : String(error);
    }
    this.changed();
  }

  /** The changes of all models, as settings have them. */
  get changes(): UserModel[] {
    return [...this.histories.values()].flatMap((history) => userModel(history.value, this.mistaken) ?? []);
  }

  /** The settings with the changes of all models: what a sync would run with. */
  get whole(): Settings {
    const models = this.changes;
    return models.length === 0 ? this.settings : { ...this.settings, models: [...(this.settings.models ?? []), ...models] };
  }

  private get mistaken(): ReadonlySet<string> {
    return new Set(Object.keys(this.mistakes));
  }

  // What is pointed at.

  point(selection: Selection | undefined): void {
    this.selection = selection;
    if (selection?.pane === "mapping") this.focus = selection.id;
    this.related = counterparts(selection, this.explanation);
    this.changed();
    if (selection?.pane === "mapping") this.refresh();
  }

  closeRow(): void {
    this.focus = undefined;
    this.changed();
  }

  fieldOf(destination: string): Field | undefined {
    return fieldAt(this.fields, destination);
  }

  get done(): DoneOutcome | undefined {
    return this.outcome?.status === "done" ? this.outcome : undefined;
  }

  /** What the expression editor completes and tells about. */
  get words(): readonly Word[] {
    return this.sourceWords(this.functions, this.explanation);
  }

  /** What the destination editor completes. */
  get destinations(): readonly Word[] {
    return this.destinationWords(this.fields);
  }

  /** The paths of the object that is shown. */
  get sourcePaths(): readonly string[] {
    return this.pathsOf(this.explanation);
  }

  private readonly pathsOf = lately((explanation: Explanation | undefined) => (explanation?.sources ?? []).map((each) => each.path));
  private readonly sourceWords = lately(sourceWords);
  private readonly destinationWords = lately(destinationWords);

  // The module.

  refresh(): void {
    const { model, draft } = this;
    if (model === undefined || draft === undefined) return;
    this.table = rows(this.defaults, draft);
    if (this.textProblem === "" && this.text !== "") {
      const edits = draft.edits;
      const focus = this.row(this.focus);
      const work: Work = {
        settings: this.settings,
        model: model.name,
        resource: model.resource,
        variant: model.variant,
        candidates: edits.filter((edit) => !edit.off).map(({ id, mapping }) => ({ id, mapping })),
        replace: draft.replace === true,
        also: draft.also ?? {},
        drop: edits.flatMap(({ id, of, off, mapping }) => (of !== undefined && (off || mapping.destination !== of) ? [{ id, destination: of }] : [])),
        ...(focus === undefined ? {} : { focus: { id: focus.id, mapping: focus.mapping } }),
        sample: this.text,
      };
      this.asked = performance.now();
      this.engine.work(work);
    }
    this.changed();
  }

  private told(step: Step): void {
    switch (step.step) {
      case "mappings":
        this.mistakes = step.mistakes;
        this.value = step.value;
        break;
      case "records":
        // The first includes fetching and compiling the module, which says nothing of editing.
        if (this.outcome !== undefined) this.latency = performance.now() - this.asked;
        this.outcome = (parseExact(step.outcomes) as Outcome[])[0];
        this.failure = undefined;
        break;
      case "explanation":
        this.explanation = step.explanation;
        this.related = counterparts(this.selection, step.explanation);
        break;
      case "failed":
        this.failure = step.failure;
        break;
      case "end":
    }
    this.changed();
  }

  private fail(error: unknown): void {
    this.failure = { code: "internal", message: error instanceof Error ? error.message : String(error) };
    this.changed();
  }

  async runBulk(): Promise<void> {
    this.bulkProblem = "";
    const turn = ++this.ahead;
    try {
      // In a worker of its own: the panes stay live meanwhile.
      await this.objects.bulk(this.whole, (found) => {
        if (turn !== this.ahead) return;
        this.bulk = found;
        this.changed();
      });
    } catch (error) {
      if (turn !== this.ahead || (error instanceof Refused && error.code === "ended")) return;
      this.bulkProblem = error instanceof Error ? error.message : String(error);
      this.changed();
    }
  }

  /** A question for the module that no pane waits for. */
  get ask(): Engine["language"] {
    return this.engine.language.bind(this.engine);
  }
}

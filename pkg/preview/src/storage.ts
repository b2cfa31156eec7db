// What stays in this browser from one visit to the next: drafts and looks. Never objects or records, which
// may hold what is personal, and never settings, which may hold a salt.

import { isEmpty, type Draft, type Edit, type Mapping } from "./draft.ts";

const DRAFTS = "stripe-xdm.preview.drafts";
const VERSIONS = "stripe-xdm.preview.versions";
const THEME = "stripe-xdm.preview.theme";
/** Most characters of drafts or of versions that are read: more is nothing that this page has written. */
const MAX = 2_000_000;

export type Theme = "light" | "dark";

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // Storage is forbidden in this browser: then nothing is kept.
    return null;
  }
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // The same.
  }
}

function readList<T>(key: string, is: (value: unknown) => value is T): T[] {
  const text = read(key);
  if (text === null || text.length > MAX) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(is) : [];
  } catch {
    return [];
  }
}

export function readDrafts(): Draft[] {
  return readList(DRAFTS, isDraft);
}

export function writeDrafts(drafts: readonly Draft[]): void {
  write(DRAFTS, JSON.stringify(drafts.filter((draft) => !isEmpty(draft))));
}

/** A draft as it was when a person gave it a name. */
export interface Version {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly when: number;
  readonly draft: Draft;
}

function isVersion(value: unknown): value is Version {
  if (value === null || typeof value !== "object") return false;
  const { name, when, draft } = value as Record<string, unknown>;
  return isText(name) && typeof when === "number" && isDraft(draft);
}

export function readVersions(): Version[] {
  return readList(VERSIONS, isVersion);
}

/** Keeps the versions, as many of the newest as there is room for; gives those. */
export function writeVersions(versions: readonly Version[]): Version[] {
  const kept = [...versions];
  while (JSON.stringify(kept).length > MAX) kept.shift();
  write(VERSIONS, JSON.stringify(kept));
  return kept;
}

export function readTheme(): Theme {
  const kept = read(THEME);
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function writeTheme(theme: Theme): void {
  write(THEME, theme);
}

const isText = (value: unknown): value is string => typeof value === "string";

function isMapping(value: unknown): value is Mapping {
  if (value === null || typeof value !== "object") return false;
  const { sourceType, source, destination, type } = value as Record<string, unknown>;
  const known = sourceType === "ATTRIBUTE" || sourceType === "EXPRESSION" || sourceType === "STATIC";
  return known && isText(source) && isText(destination) && (type === undefined || isText(type));
}

function isEdit(value: unknown): value is Edit {
  if (value === null || typeof value !== "object") return false;
  const { id, of, mapping, off } = value as Record<string, unknown>;
  return isText(id) && (of === undefined || isText(of)) && isMapping(mapping) && typeof off === "boolean";
}

/** Whether something read from outside is a draft. */
export function isDraft(value: unknown): value is Draft {
  if (value === null || typeof value !== "object") return false;
  const { resource, variant, edits, replace, also } = value as Record<string, unknown>;
  const known = isText(resource) && (variant === "event" || variant === "record") && Array.isArray(edits) && edits.every(isEdit);
  // What else a file said is the module's to judge.
  return known && (replace === undefined || typeof replace === "boolean") && (also === undefined || (also !== null && typeof also === "object"));
}

// What the page and its worker tell each other.

import type { LanguageCommands, Settings } from "stripe-xdm";
import type { Also, Mapping } from "./draft.ts";

export type Command = keyof LanguageCommands;
export type Takes<C extends Command> = LanguageCommands[C]["takes"];
export type Gives<C extends Command> = LanguageCommands[C]["gives"];
export type Explanation = Gives<"explain">;
export type Library = Gives<"schema">["library"];

/** A mapping that is being edited, by the name of its row. */
export interface Candidate {
  id: string;
  mapping: Mapping;
}

/** Everything that decides what is shown. */
export interface Work {
  /** Settings without the draft. */
  settings: Settings;
  /** `charge.event`. */
  model: string;
  resource: string;
  variant: "event" | "record";
  /** What the draft writes; those with a mistake are left out of the rest. */
  candidates: Candidate[];
  /** Destinations of the default that the draft replaces or leaves out, by row. */
  drop: { id: string; destination: string }[];
  /** The row that is in the editor; its value is told first. */
  focus?: Candidate;
  /** The object, as JSON text. */
  sample: string;
  /** Stands for the default model as a whole, instead of changing it. */
  replace: boolean;
  /** What a file said of the model besides its mappings. */
  also: Also;
}

/** A mistake in a mapping. */
export interface Mistake {
  message: string;
  /** The place in the source, from 1. */
  line?: number;
  column?: number;
  /** Whether it is the destination that is wrong. */
  inDestination: boolean;
}

export interface Failure {
  code: string;
  message: string;
}

/** Answers in the order in which they are ready. */
export type Step =
  | { step: "mappings"; mistakes: Record<string, Mistake[]>; value?: { json: string } | { error: string } }
  | { step: "records"; outcomes: string }
  | { step: "explanation"; explanation: Explanation }
  | { step: "failed"; failure: Failure }
  | { step: "end" };

/** What a bulk run has found so far. */
export interface Bulk {
  objects: number;
  of: number;
  records: number;
  /** Codes with how often, and the first object that has them. */
  tallies: Record<string, Tally>;
  done: boolean;
}

/** Many objects to transform. */
export interface BulkWork {
  settings: Settings;
  /** Absent when the worker has read them. */
  objects?: readonly string[];
  /** Those that a person has edited, by index. */
  edited: readonly (readonly [number, string])[];
}

export interface Tally {
  kind: "error" | "invalid" | "warning" | "skipped" | "unmapped";
  code: string;
  count: number;
  /** Index of the first object concerned. */
  first: number;
  message: string;
}

export type Request =
  | { number: number; ask: "work"; work: Work }
  | { number: number; ask: "language"; command: Command; takes: unknown }
  | { number: number; ask: "describe" }
  | { number: number; ask: "read"; file: File }
  | { number: number; ask: "object"; index: number }
  | ({ number: number; ask: "bulk" } & BulkWork);

export type Response =
  | { number: number; ready: true }
  | { number: number; step: Step }
  | { number: number; bulk: Bulk }
  | { number: number; answer: unknown }
  | { number: number; failure: Failure };

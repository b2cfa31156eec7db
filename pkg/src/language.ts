// One door for all questions that need no transformer, for those who pass questions on: a worker, a server.

import * as module from "./stripe_xdm.js";
import type { LanguageCommands } from "./types.js";

/** A question by the name of its command. */
export type Question<Command extends keyof LanguageCommands> = (
  takes: LanguageCommands[Command]["takes"],
) => LanguageCommands[Command]["gives"];

/**
 * Answers a question about the mapping language, mapping sets or schemas, by the name of its command.
 *
 * @throws StripeXdmError with what is wrong, and where when it is a place in an expression.
 */
export const language: <Command extends keyof LanguageCommands>(
  command: Command,
  takes: LanguageCommands[Command]["takes"],
) => LanguageCommands[Command]["gives"] = module.language;

/** The same as JSON text: `{"command":…}` with the arguments beside it. */
export const languageJson: (request: string) => string = module.languageJson;

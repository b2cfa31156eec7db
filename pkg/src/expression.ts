// Questions about expressions and the language that they are written in.

import * as module from "./stripe_xdm.js";
import type { Question } from "./language.js";
import type { LanguageFunction, LanguageOperator } from "./types.js";

/** The value of an expression for an input. */
const evaluate: Question<"eval"> = module.evalExpression;
/** Whether a text is an expression. */
const validate: Question<"validateExpression"> = module.validateExpression;
/** The functions of the language, or the one that is named. */
const functions: (takes?: { name?: string }) => LanguageFunction[] = module.functions;
/** The operators of the language. */
const operators: () => LanguageOperator[] = module.operators;

export { evaluate, functions, operators, validate };

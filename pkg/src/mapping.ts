// Questions about mapping sets.

import * as module from "./stripe_xdm.js";
import type { Question } from "./language.js";

/** Everything that is wrong with a mapping set, as Adobe's `/mappingSets/validate` says it. */
const validate: Question<"validate"> = module.validateMapping;
/** What a mapping set makes of samples. */
const preview: Question<"preview"> = module.previewMapping;
/** Where every output comes from and, with one sample, where every input goes. */
const explain: Question<"explain"> = module.explainMapping;
/** A resource's model as a mapping set that Adobe accepts, and what became of each mapping. */
const toAdobe: Question<"export"> = module.exportMapping;
/** A mapping set of Adobe's, in any of its forms, in the current one. */
const fromAdobe: Question<"import"> = module.importMapping;
/** What distinguishes two mapping sets. */
const diff: Question<"diff"> = module.diffMappings;

export { diff, explain, toAdobe as export, fromAdobe as import, preview, validate };

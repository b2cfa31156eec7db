// Ajv as strict as the streaming validator of Experience Platform.

import Ajv from "ajv";
import addFormats from "ajv-formats";
import { createRequire } from "node:module";

const draft6 = createRequire(import.meta.url)("ajv/dist/refs/json-schema-draft-06.json");

// RFC 3339, section 5.6. Ajv's own also takes a space for the T and +0000 for +00:00.
const MOMENT = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** A validator of a closed draft-06 schema, formats on, all errors told. */
export function validatorOf(schema) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addMetaSchema(draft6);
  addFormats(ajv, { mode: "full" });
  const isDate = ajv.formats.date.validate ?? ajv.formats.date;
  ajv.addFormat("date-time", {
    type: "string",
    validate: (text) => {
      const [, day] = MOMENT.exec(text) ?? [];
      return day !== undefined && isDate(day);
    },
  });
  const isReference = ajv.formats["uri-reference"];
  ajv.addFormat("uri-reference", {
    type: "string",
    // Before the first slash a colon ends a scheme (RFC 3986, 4.2). Ajv's own lets any colon through.
    validate: (text) => isReference.test(text) && (!/^[^/?#]*:/.test(text) || /^[a-z][a-z0-9+.-]*:/i.test(text)),
  });
  return ajv.compile(schema);
}

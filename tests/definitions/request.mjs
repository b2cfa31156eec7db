// Requests as the sandbox noted them: what of each is sent to Prism, and which are of the same form.

/** What goes up in the place of a file's bytes, which the log does not hold. */
const UPLOAD = "{}\n";
/** Headers of one connection. The token is hidden in the log: any is one. */
const LEFT_OUT = ["host", "connection", "content-length", "transfer-encoding", "accept-encoding"];
/** Headers, parameters and members of bodies whose values a definition may limit; of others the type is enough. */
const HEADERS = ["accept", "content-type"];
const PARAMETERS = ["action", "op", "orderBy", "orderby", "limit", "objectType", "fileType", "object", "preview"];
const MEMBERS = ["@type", "op", "path", "type", "format", "idType"];

/** A request as it is sent to Prism. */
export function sent({ method, query, headers, body }, path) {
  return {
    method,
    path,
    query,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !LEFT_OUT.includes(name))),
    body: /^\(\d+ bytes\)$/.test(body) ? UPLOAD : body || undefined,
  };
}

/** What it shares with requests that a definition says the same of. */
export function form({ method, path, query, headers, body }, operation) {
  const parameters = query.split("&").map((pair) => {
    const [name, value = ""] = pair.split("=");
    return [name, PARAMETERS.includes(name) ? value : value !== ""];
  });
  const told = Object.entries(headers).map(([name, value]) => [name, HEADERS.includes(name) ? value : ""]);
  return JSON.stringify([method, operation?.path ?? path, parameters.sort(), told.sort(), shape(json(body))]);
}

function shape(value, name) {
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(shape(item))))].sort();
  if (value && typeof value === "object") {
    return Object.entries(value)
      .map(([name, value]) => [name, shape(value, name)])
      .sort();
  }
  return MEMBERS.includes(name) ? value : typeof value;
}

function json(body = "null") {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

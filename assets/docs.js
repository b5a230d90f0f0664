// Purpose: the API's description as a page: every route with what it takes and gives, out of /openapi.json.

const root = document.getElementById("routes");

function element(name, text = "", ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

/** A type in a few words, with a link to where it is described. */
function type(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.oneOf) return schema.oneOf.map(type).join(" or ");
  if (schema.enum) return schema.enum.map((value) => `"${value}"`).join(" or ");
  if (schema.type === "array") return `list of ${type(schema.items)}`;
  return [schema.type].flat().join(" or ") || "anything";
}

function table(heads, rows) {
  const head = element("thead", "", element("tr", "", ...heads.map((text) => Object.assign(element("th", text), { scope: "col" }))));
  const body = element("tbody", "", ...rows.map((cells) => element("tr", "", ...cells.map((cell, index) => Object.assign(element("td", cell), { dataset: { label: heads[index] } })))));
  const made = element("table", "", head, body);
  made.className = "stack";
  return made;
}

function operation(method, path, { summary, description, parameters = [], requestBody, responses }) {
  const title = element("summary", "", element("code", `${method.toUpperCase()} ${path}`), ` ${summary ?? ""}`);
  const parts = [];
  if (description) parts.push(element("p", description));
  if (parameters.length > 0) parts.push(table(["Parameter", "In", "Type", "What"], parameters.map(({ name, in: place, schema, description: what, required }) => [name, place, `${type(schema)}${required ? "" : ", optional"}`, what ?? ""])));
  if (requestBody) parts.push(element("p", `Body: ${type(Object.values(requestBody.content)[0]?.schema)}`));
  parts.push(table(["Status", "Body", "What"], Object.entries(responses).map(([status, { description: what, content }]) => [status, content ? type(Object.values(content)[0].schema) : "", what ?? ""])));
  return element("details", "", title, ...parts);
}

function schema(name, { description, properties = {}, enum: values }) {
  const made = element("details", "", element("summary", "", element("code", name), ` ${description ?? ""}`));
  if (values) made.append(element("p", values.map((value) => `"${value}"`).join(", ")));
  const rows = Object.entries(properties).map(([field, one]) => [field, type(one), one.description ?? ""]);
  if (rows.length > 0) made.append(table(["Field", "Type", "What"], rows));
  return made;
}

const response = await fetch("/openapi.json");
const { info, paths, components } = await response.json();
const groups = new Map();
for (const [path, methods] of Object.entries(paths)) {
  for (const [method, one] of Object.entries(methods)) {
    const tag = one.tags?.[0] ?? "Other";
    groups.set(tag, [...(groups.get(tag) ?? []), operation(method, path, one)]);
  }
}
root.replaceChildren(element("p", info.description));
for (const [tag, operations] of [...groups].sort(([a], [b]) => a.localeCompare(b))) root.append(element("h2", tag), ...operations);
root.append(element("h2", "Types"), ...Object.entries(components.schemas).map(([name, one]) => schema(name, one)));

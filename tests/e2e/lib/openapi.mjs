// Holds answers to an OpenAPI file that tests/tools/openapi wrote: its form is known, so a few lines read it.
import fs from 'node:fs';

// One flow mapping: {type: string, pattern: '^…$', maxLength: 86}.
function flow(text) {
  const facts = {};
  for (const [, key, value] of text.matchAll(/(\$?\w+): ('(?:[^']*)'|\{[^}]*\}|[^,{}]+)/g)) facts[key] = value.replace(/^'|'$/g, '');
  return facts;
}

export class OpenApi {
  constructor(file) {
    this.schemas = {};
    this.replies = new Map(); // "POST /path" -> schema
    let path, verb, schema, group, inSchemas = false;
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      let found;
      if ((found = /^ {2}(\/\S*):$/.exec(line))) path = found[1];
      else if ((found = /^ {4}(get|post|put|delete):$/.exec(line))) verb = found[1].toUpperCase();
      else if (/^ {2}schemas:$/.test(line)) inSchemas = true;
      else if (!inSchemas && (found = /^ {10}content: .*schemas\/(\w+)'/.exec(line))) this.replies.set(`${verb} ${path}`, found[1]);
      else if (inSchemas && (found = /^ {4}(\w+):$/.exec(line))) this.schemas[found[1]] = schema = { required: [], properties: {} };
      else if (inSchemas && (found = /^ {6}required: \[(.*)\]$/.exec(line))) schema.required = found[1].split(', ');
      else if (inSchemas && (found = /^ {8}(\w+): \{(.*)\}$/.exec(line))) schema.properties[found[1]] = flow(found[2]);
      else if (inSchemas && (found = /^ {8}(\w+):$/.exec(line))) schema.properties[found[1]] = group = { type: 'object', properties: {} };
      else if (inSchemas && (found = /^ {12}(\w+): \{(.*)\}$/.exec(line))) group.properties[found[1]] = flow(found[2]);
    }
  }

  // What does not fit, as texts.
  misfits(name, body, at = '') {
    const schema = this.schemas[name] ?? name;
    const bad = schema.required?.filter((key) => !(key in body)).map((key) => `${at}${key} is missing`) ?? [];
    for (const [key, value] of Object.entries(body)) {
      const facts = schema.properties[key];
      const where = `${at}${key}`;
      if (!facts) bad.push(`${where} is not in the description`);
      else if (facts.type === 'object') bad.push(...(facts.properties ? this.misfits(facts, value, `${where}.`) : []));
      else if (facts.type === 'array') bad.push(...(/schemas\/(\w+)/.test(facts.items) ? value.flatMap((one) => this.misfits(/schemas\/(\w+)/.exec(facts.items)[1], one, `${where}.`)) : []));
      else if (facts.type === 'integer' ? !Number.isInteger(value) || value < Number(facts.minimum ?? 0) || value > Number(facts.maximum ?? Infinity) : typeof value !== facts.type) bad.push(`${where}: ${value} is no ${facts.type}`);
      else if (facts.pattern && !new RegExp(facts.pattern).test(value)) bad.push(`${where}: ${value} does not match ${facts.pattern}`);
      else if (facts.type === 'string' && (value.length > Number(facts.maxLength ?? Infinity) || value.length < Number(facts.minLength ?? 0))) bad.push(`${where} has ${value.length} characters`);
    }
    return bad;
  }

  // Any answer of a server to `method path`.
  check(method, path, { status, body }) {
    const way = [...this.replies.keys()].find((key) => new RegExp(`^${key.replace(/\{\w+\}/g, '[^/]+')}$`).test(`${method} ${path}`));
    const name = status < 300 ? this.replies.get(way) : 'error_reply';
    const bad = name && body ? this.misfits(name, body) : [`${method} ${path} ${status}: no description`];
    if (bad.length) throw new Error(`${method} ${path} ${status}: ${bad.join('; ')}`);
    return name;
  }
}

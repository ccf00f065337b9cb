import { mistake } from './failure.ts';

/** The fields of one line of CSV: commas, and quotes (doubled inside) around a field that has some. */
export function splitCsv(line: string): string[] {
  if (line === '') return [];
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = '';
      for (;;) {
        const end = line.indexOf('"', at + 1);
        if (end < 0) throw mistake(`missing quote at the end of ${line.slice(at)}`, { token: line });
        field += line.slice(at + 1, end);
        at = end + 1;
        if (line[at] !== '"') break;
        field += '"';
      }
      if (at < line.length && line[at] !== ',')
        throw mistake(`a quote ends inside a field of ${line}`, { token: line });
      fields.push(field);
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      const field = line.slice(at, end);
      if (field.includes('"')) throw mistake(`bare quote in the field ${field}`, { token: field });
      fields.push(field);
      at = end;
    }
    if (at >= line.length) return fields;
    at++;
  }
}

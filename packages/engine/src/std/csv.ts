/** The fields of one line of CSV: commas, and quotes (doubled inside) around a field that has some. Throws a `SyntaxError`. */
export function splitCsv(line: string): string[] {
  if (line === '') return [];
  const fields: string[] = [];
  const field = /"((?:[^"]|"")*)"(?=,|$)|([^",]*)(?=,|$)/y;
  for (let at = 0; ; at = field.lastIndex + 1) {
    field.lastIndex = at;
    const found = field.exec(line);
    if (!found) throw new SyntaxError(`a quote is missing or misplaced in ${line}`);
    fields.push(found[1] === undefined ? found[2]! : found[1].replaceAll('""', '"'));
    if (field.lastIndex >= line.length) return fields;
  }
}

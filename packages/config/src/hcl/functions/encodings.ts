import { Buffer } from 'node:buffer';
import { FunctionError, type HclFunction } from '../function.ts';
import { fromJsonText, jsonText } from '../json-value.ts';
import { objectType, string } from '../type.ts';
import { list, object, stringOf, text, type Value } from '../value.ts';
import { fn, nullable, texts } from './parameters.ts';

export const encodingFunctions: Readonly<Record<string, HclFunction>> = {
  base64decode: fn(texts('str'), (given) => text(utf8(bytesOf(stringOf(given!), 0)))),
  base64encode: fn(texts('str'), (given) => text(Buffer.from(stringOf(given!)).toString('base64'))),
  csvdecode: fn(texts('str'), (given) => csvTable(stringOf(given!))),
  jsondecode: fn(texts('str'), (given) => fromJsonText(stringOf(given!))),
  jsonencode: fn(nullable('val'), (given) => text(jsonText(given!))),
  urlencode: fn(texts('str'), (given) => text(queryEscape(stringOf(given!)))),
};

/** The bytes of a base64 text with its padding. Throws a `FunctionError`. */
export function bytesOf(written: string, argument: number): Buffer {
  const plain = written.replace(/[\r\n]/g, '');
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain))
    throw new FunctionError('the text is not base64', argument);
  return Buffer.from(plain, 'base64');
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FunctionError('what the text encodes is not UTF-8', 0);
  }
}

/** As forms do: a space is a plus. */
function queryEscape(written: string): string {
  return encodeURIComponent(written.toWellFormed())
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function csvTable(written: string): Value {
  const [header, ...rows] = csvRecords(written);
  if (!header) throw new FunctionError('the header line is missing', 0);
  const repeated = header.find((name, index) => header.indexOf(name) !== index);
  if (repeated !== undefined) throw new FunctionError(`two columns have the name ${JSON.stringify(repeated)}`, 0);
  const made = rows.map((row, index) => {
    if (row.length !== header.length)
      throw new FunctionError(`row ${index + 2} has ${row.length} fields, and the header ${header.length}`, 0);
    return object(row.map((field, column) => [header[column]!, text(field)]));
  });
  return list(made[0]?.type ?? objectType(header.map((name) => [name, string])), made);
}

/** RFC 4180: fields in quotes may have line breaks; empty lines are passed over. */
function csvRecords(written: string): readonly (readonly string[])[] {
  const records: string[][] = [];
  const all = written.replaceAll('\r\n', '\n');
  let at = 0;
  while (at < all.length) {
    if (all[at] === '\n') {
      at++;
      continue;
    }
    const record: string[] = [];
    for (;;) {
      const pattern = /"((?:[^"]|"")*)"|([^",\n]*)/y;
      pattern.lastIndex = at;
      const [whole, quoted, bare] = pattern.exec(all)!;
      at += whole.length;
      record.push(quoted === undefined ? bare! : quoted.replaceAll('""', '"'));
      const next = all[at];
      if (next !== undefined && next !== ',' && next !== '\n')
        throw new FunctionError(`a quote stands in the middle of a field of line ${records.length + 1}`, 0);
      at++;
      if (next !== ',') break;
    }
    records.push(record);
  }
  return records;
}

import { splitCsv } from '@monokit/engine/std/csv';

/** The `key=value` fields that Docker's flags take; a field without `=` has an undefined value. Throws a `TypeError`. */
export function csvPairs(line: string): (readonly [key: string, value: string | undefined])[] {
  return csvFields(line).map((field) => {
    const equals = field.indexOf('=');
    if (equals < 0) return [field.trim(), undefined];
    return [field.slice(0, equals).trim(), field.slice(equals + 1)];
  });
}

/** The fields of a line. Throws a `TypeError`. */
export function csvFields(line: string): readonly string[] {
  try {
    return splitCsv(line);
  } catch (error) {
    if (error instanceof SyntaxError) throw new TypeError(error.message, { cause: error });
    throw error;
  }
}

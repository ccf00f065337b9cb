// `RUN --device=…`: devices of the machine that builds, by their names in the Container Device Interface.

import type { CdiDeviceOption } from '../../llb/run.ts';
import { splitCsv } from '../../std/csv.ts';
import { parseGoBool } from '../../std/go-bool.ts';
import { mistake } from './failure.ts';

/** Reads `name[,required]`, or `name=…,required=true`. A device that is not required may be missing. */
export function readDevice(option: string): CdiDeviceOption {
  let name = '';
  let required = false;
  for (const field of fieldsOf(option)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === 'required') {
      const parsed = value === undefined ? true : parseGoBool(value);
      if (parsed === undefined) throw mistake(`invalid value for ${key}: ${value}`, { token: field });
      required = parsed;
    } else if (key === 'name' && value !== undefined) {
      if (name !== '') throw mistake(`device name already set to ${name}`, { token: field });
      name = value;
    } else if (name === '') name = field;
    else if (value === undefined) {
      throw mistake(`invalid field '${field}' must be a key=value pair`, {
        token: field,
        nearTo: { word: key, candidates: ['required'] },
      });
    } else {
      throw mistake(`unexpected key '${key}' in '${field}'`, {
        token: field,
        nearTo: { word: key, candidates: ['name', 'required'] },
      });
    }
  }
  if (name === '') throw mistake('a device has no name: write --device=vendor.com/class=name', { token: '--device' });
  return { name, optional: !required };
}

function fieldsOf(option: string): readonly string[] {
  try {
    return splitCsv(option);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw mistake(`failed to parse csv devices: ${why}`, { token: option });
  }
}

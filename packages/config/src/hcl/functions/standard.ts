// All functions that a bake file may call, by name.

import type { HclForm, HclFunction } from '../function.ts';
import { dateFunctions } from './dates.ts';
import { encodingFunctions } from './encodings.ts';
import { formatFunctions } from './format.ts';
import { bufferFunctions, forms } from './forms.ts';
import { hashFunctions } from './hashes.ts';
import { listFunctions } from './lists.ts';
import { logicFunctions } from './logic.ts';
import { networkFunctions } from './networks.ts';
import { numberFunctions } from './numbers.ts';
import { pathFunctions } from './paths.ts';
import { patternFunctions } from './patterns.ts';
import { setFunctions } from './sets.ts';
import { textFunctions } from './text.ts';
import { versionFunctions } from './versions.ts';

export interface World {
  readonly env: NodeJS.ProcessEnv;
  /** The time of day in milliseconds. */
  readonly clock: () => number;
}

/** Functions whose results are others each time. */
export const impureFunctions: ReadonlySet<string> = new Set(['bcrypt', 'timestamp', 'uuidv4']);

export function standardFunctions({ env, clock }: World): Readonly<Record<string, HclFunction | HclForm>> {
  return {
    ...forms,
    ...bufferFunctions,
    ...dateFunctions(clock),
    ...encodingFunctions,
    ...formatFunctions,
    ...hashFunctions,
    ...listFunctions,
    ...logicFunctions,
    ...networkFunctions,
    ...numberFunctions,
    ...pathFunctions(env),
    ...patternFunctions,
    ...setFunctions,
    ...textFunctions,
    ...versionFunctions,
  };
}

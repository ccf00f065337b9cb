import type { AttestSpec } from '@monokit/config';
import { parseGoBool } from '@monokit/engine/std/go-bool';
import { Mistake } from '../mistake.ts';
import type { imageFlags } from './build.ts';
import type { Given } from './flags.ts';

type AttestFlags = Pick<Given<typeof imageFlags>, 'attest' | 'provenance' | 'sbom'>;

/** What `--attest`, `--provenance` and `--sbom` ask for; of one type the last one counts, as with buildx. */
export async function attestsOf(flags: AttestFlags): Promise<readonly AttestSpec[]> {
  const written = [...flags.attest, ...short('provenance', flags), ...short('sbom', flags)];
  if (written.length === 0) return [];
  const { latestOfType, readAttest } = await import('@monokit/config');
  return latestOfType(
    written.map((text) => {
      try {
        return readAttest(text);
      } catch (error) {
        if (error instanceof TypeError) throw new Mistake(`--attest ${text}: ${error.message}`);
        throw error;
      }
    }),
  );
}

/** `true`, `false`, or the attributes. */
function short(type: 'provenance' | 'sbom', flags: AttestFlags): readonly string[] {
  const text = flags[type];
  if (text === undefined || text === '') return [];
  const wanted = parseGoBool(text);
  if (wanted !== undefined) return [wanted ? `type=${type}` : `type=${type},disabled=true`];
  if (!text.includes('='))
    throw new Mistake(
      `--${type} takes true, false or attributes, not ${JSON.stringify(text)}`,
      ['min', 'max'].includes(text) ? `write --${type}=mode=${text}` : `write --${type}=true`,
    );
  return [`type=${type},${text}`];
}

import type { Definition } from '../../llb/definition.ts';
import { hostPlatform, parsePlatform, type Platform } from '../../oci/platform.ts';
import type { BridgeInput } from '../frontend.ts';
import type { ProgramBridge } from '../program-bridge.ts';

/** What was handed in with a request, as a frontend in a container sees it. */
export interface FrontendInputs {
  readonly definitions: ReadonlyMap<string, Definition>;
  /** The request's options, with what goes with the inputs. */
  readonly options: Readonly<Record<string, string>>;
}

const prefix = 'context:';

/**
 * Everything that `context:NAME=input:INPUT` options name, and what other frontends handed in. For several platforms
 * there is one of each, called `INPUT::os/arch`, as BuildKit's clients call them.
 */
export async function findInputs(
  options: Readonly<Record<string, string>>,
  bridge: Pick<ProgramBridge, 'input' | 'inputNames'>,
): Promise<FrontendInputs> {
  const wanted = (options['platform'] ?? '').split(',').filter(Boolean);
  const platforms = wanted.length > 0 ? wanted : [undefined];
  const definitions = new Map<string, Definition>();
  const added: Record<string, string> = {};
  const add = (name: string, { definition, config }: BridgeInput) => {
    definitions.set(name, definition);
    if (!config) return;
    const metadata = { 'containerimage.config': Buffer.from(JSON.stringify(config)).toString('base64') };
    added[`input-metadata:${name}`] ??= JSON.stringify(metadata);
  };
  for (const [key, value] of Object.entries(options)) {
    if (!key.startsWith(prefix) || !value.startsWith('input:')) continue;
    const name = value.slice('input:'.length);
    for (const platform of platforms) {
      const found = await bridge.input(name, platformOf(platform));
      if (!found) continue;
      const suffix = platforms.length > 1 && !key.includes('::') ? `::${platform}` : '';
      add(`${name}${suffix}`, found);
      if (suffix !== '') added[`${key}${suffix}`] = `input:${name}${suffix}`;
    }
  }
  for (const name of bridge.inputNames) {
    if (definitions.has(name)) continue;
    const found = await bridge.input(name, platformOf(platforms[0]));
    if (found) add(name, found);
  }
  return { definitions, options: { ...options, ...added } };
}

function platformOf(text: string | undefined): Platform {
  return text === undefined ? hostPlatform() : parsePlatform(text);
}

import { mistake } from '../failure.ts';
import { atLeastOne, quotedWords } from '../forms.ts';
import type { Node } from '../parse.ts';
import { warnOfSecretName } from '../secret-names.ts';
import type { Stage } from '../stage.ts';

/** `ARG name[=default] …`: what `--build-arg` may set. */
export interface Arg {
  readonly kind: 'arg';
  readonly node: Node;
  readonly declared: readonly DeclaredArg[];
}

export interface DeclaredArg {
  readonly key: string;
  /** Not expanded yet; undefined if there is no default. */
  readonly value: string | undefined;
  /** From the comment above, `# name description`. */
  readonly description: string;
}

export function readArg(node: Node): Arg {
  const words = quotedWords(node.rest, node.escape);
  if (words.length === 0) throw atLeastOne('ARG');
  const declared = words.map((word): DeclaredArg => {
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    if (key === '') throw mistake('ARG names cannot be blank', { token: word });
    return { key, value: equals < 0 ? undefined : word.slice(equals + 1), description: describe(node.comments, key) };
  });
  return { kind: 'arg', node, declared };
}

/** What the comments above say of `name`. */
export function describe(comments: readonly string[], name: string): string {
  const start = `${name} `;
  return comments.find((line) => name !== '' && line.startsWith(start))?.slice(start.length) ?? '';
}

/** Arguments that say how to attest, and never reach a process. */
const notForProcesses = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);

export function convertArg({ declared }: Arg, stage: Stage): void {
  const written: string[] = [];
  for (const { key, value: declaredValue, description } of declared) {
    warnOfSecretName('ARG', key, stage);
    const given = stage.conversion.options.buildArgs.get(key);
    let value = given;
    // A default that is not used is not read either, so it may fail to expand.
    if (value === undefined && declaredValue !== undefined) value = stage.expand(declaredValue);
    const inherited = value === undefined ? stage.conversion.globalArgs.get(key) : undefined;
    if (inherited === undefined) stage.asked.args.set(key, { key, value, description, range: stage.here });
    stage.asked.names.add(key);
    value ??= inherited;
    if (value !== undefined && !notForProcesses.has(key)) {
      stage.state = stage.state.env(key, value);
      stage.variablesInOrder = false;
    }
    stage.declareArg(key, value);
    written.push(value === undefined ? key : `${key}=${value}`);
  }
  stage.record(`ARG ${written.join(' ')}`);
}

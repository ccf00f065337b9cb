// What rules say of FROM once arguments have values.

import type { EnvList } from '../../llb/env.ts';
import { parseReference } from '../../oci/reference.ts';
import { nearest } from '../../std/nearest.ts';
import { withGlobalArgs } from './args.ts';
import type { Checks } from './checks.ts';
import type { Arg } from './instructions/arg.ts';
import type { From } from './instructions/from.ts';
import { readPlatform } from './platform.ts';
import { expand, type Expansion } from './words.ts';

/** Names in FROM that no ARG before it declares. */
export function checkDeclared(from: From, { unmatched }: Expansion, known: ReadonlySet<string>, checks: Checks): void {
  for (const name of unmatched) {
    if (known.has(name)) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    const { range, comments } = from.node;
    checks.warn('UndefinedArgInFrom', `FROM argument '${name}' is not declared${hint}`, range, comments);
  }
}

export function checkPlatform(from: From, expansion: Expansion, args: EnvList, checks: Checks): void {
  const { matched, unmatched, text } = expansion;
  const { range, comments } = from.node;
  if (matched.size === 0 && unmatched.size === 0) {
    try {
      const { os, architecture } = readPlatform(text);
      if (from.name.includes(os) || from.name.includes(architecture)) return;
    } catch {
      return; // the conversion tells of it
    }
    const message = `FROM --platform flag should not use constant value "${text}"`;
    checks.warn('FromPlatformFlagConstDisallowed', message, range, comments);
    return;
  }
  if (matched.size !== 1 || unmatched.size > 0 || !matched.has('TARGETPLATFORM')) return;
  if (text !== args.get('TARGETPLATFORM')) return;
  checks.warn(
    'RedundantTargetPlatform',
    `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`,
    range,
    comments,
  );
}

/** Base images should have a name even if no build argument is given. */
export function checkDefaults(
  froms: readonly From[],
  predefined: EnvList,
  declared: readonly Arg[],
  about: { readonly escape: string; readonly checks: Checks },
): void {
  const { escape, checks } = about;
  let args: EnvList;
  try {
    ({ args } = withGlobalArgs(predefined, declared, { given: new Map(), escape }));
  } catch {
    return; // the conversion most likely fails as well, and tells why
  }
  for (const { base, node } of froms) {
    let name: string;
    try {
      name = expand(base, args, { escape }).text;
    } catch {
      return;
    }
    try {
      parseReference(name);
    } catch {
      const message = `Default value for ARG ${base} results in empty or invalid base image name`;
      checks.warn('InvalidDefaultArgInFrom', message, node.range, node.comments);
    }
  }
}

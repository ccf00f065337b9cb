import { isRecord } from './check.ts';
import type { Variable, VariableValue } from './config.ts';
import { suggestion, type Problem } from './problem.ts';

/** What the variables of a configuration are, by name. */
export type VariableValues = Readonly<Record<string, VariableValue | readonly VariableValue[]>>;

export interface VariableSources {
  /** Texts given with `--var`. */
  readonly given: Readonly<Record<string, string>>;
  readonly env: NodeJS.ProcessEnv;
  /** Whether a name that isn't declared here is a variable of somebody else's. */
  readonly isElsewhere?: (name: string) => boolean;
}

/** The values of variables as declared (their shape already checked). A name that nobody declared is a problem. */
export function valuesOf(
  declared: Readonly<Record<string, Variable | VariableValue>>,
  { given, env, isElsewhere }: VariableSources,
): { readonly values: VariableValues; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const values: Record<string, VariableValue | readonly VariableValue[]> = {};
  for (const [name, written] of Object.entries(declared)) {
    const variable: Variable = isRecord(written) ? written : { default: written as VariableValue };
    const variableName = variable.env === true ? name : variable.env;
    const text = given[name] ?? (variableName ? env[variableName] : undefined);
    const path = ['vars', name];
    const source = given[name] === undefined ? `$${variableName}` : `--var ${name}`;
    if (text !== undefined) {
      const type = variable.type ?? typeOf(variable.default);
      const value = read(text, type);
      if (value === undefined) {
        problems.push({
          code: 'config/variable-type',
          path,
          message: `${source} is ${JSON.stringify(text)}, not a ${type}`,
        });
      } else values[name] = value;
    } else if (variable.default !== undefined) values[name] = variable.default;
    else {
      const ways = `give --var ${name}=…${variableName ? ` or set $${variableName}` : ''}, or write a default`;
      problems.push({
        code: 'config/variable-missing',
        path,
        message: `the variable ${name} has no value`,
        hint: ways,
      });
    }
    const complaint = name in values ? invalid(values[name]!, variable.validate) : undefined;
    if (complaint) {
      const where = text === undefined ? `the default of ${name}` : source;
      problems.push({ code: 'config/variable-invalid', path, message: `${where} ${complaint}` });
    }
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name) || isElsewhere?.(name)) continue;
    const hint = suggestion(name, Object.keys(declared)).hint ?? `declare it: vars: { ${name}: { default: … } }`;
    problems.push({
      code: 'config/unknown-variable',
      message: `--var ${name}: there is no variable of that name`,
      hint,
    });
  }
  return { values, problems };
}

/** As `valuesOf`, for a program that is just being evaluated: throws what is wrong. */
export function declaredVariables(declared: unknown, sources: VariableSources): VariableValues {
  if (declared === undefined) return {};
  if (!isRecord(declared)) throw new TypeError('the exported `vars` must be an object');
  // Names in `--var` that only the configuration itself declares are judged when it is known.
  const given = Object.fromEntries(Object.entries(sources.given).filter(([name]) => Object.hasOwn(declared, name)));
  const { values, problems } = valuesOf(declared as Record<string, Variable>, { ...sources, given });
  const [first] = problems;
  if (first) throw new TypeError(first.hint ? `${first.message}; ${first.hint}` : first.message);
  return values;
}

function typeOf(value: Variable['default']): NonNullable<Variable['type']> {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'number' || typeof value === 'boolean' ? (typeof value as 'number' | 'boolean') : 'string';
}

function read(text: string, type: NonNullable<Variable['type']>): VariableValue | readonly VariableValue[] | undefined {
  switch (type) {
    case 'string':
      return text;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'boolean':
      if (['1', 'true', 'yes', 'on'].includes(text.toLowerCase())) return true;
      return ['0', 'false', 'no', 'off', ''].includes(text.toLowerCase()) ? false : undefined;
    case 'list':
      return text === '' ? [] : text.split(',').map((item) => item.trim());
  }
}

function invalid(value: VariableValues[string], rule: Variable['validate']): string | undefined {
  if (rule === undefined) return undefined;
  const all = (Array.isArray(value) ? value : [value]) as readonly VariableValue[];
  if (typeof rule !== 'string') {
    const bad = all.find((each) => !rule.includes(each));
    return bad === undefined
      ? undefined
      : `is ${JSON.stringify(bad)}, not one of ${rule.map((each) => JSON.stringify(each)).join(', ')}`;
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${rule})$`, 'u');
  } catch {
    return `can't be judged: ${JSON.stringify(rule)} is not a regular expression`;
  }
  const bad = all.find((each) => !pattern.test(String(each)));
  return bad === undefined ? undefined : `is ${JSON.stringify(bad)}, which doesn't match ${rule}`;
}

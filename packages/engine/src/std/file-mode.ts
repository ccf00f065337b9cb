import { Failed } from './failed.ts';

/** A mode that is neither octal digits nor what chmod(1) takes. */
export interface BadMode {
  readonly kind: 'bad-mode';
  readonly mode: string;
  readonly message: string;
}

/** What a mode makes of an entry's twelve permission bits. */
export type ModeChange = (mode: number, entry: { readonly directory: boolean }) => number;

/**
 * Reads a mode as chmod(1) takes it (`0755`, `u=rwX,go=rX`, `g+s,o-r`), for a umask of 0 and with the corner cases of
 * BSD's setmode(3), as BuildKit does. Throws `Failed<BadMode>`.
 */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]{1,5}$/.test(text) && Number.parseInt(text, 8) <= 0o7777) return () => Number.parseInt(text, 8);
  const clauses = text.split(',').map((clause) => readClause(clause) ?? refuse(text));
  const steps = clauses.flat();
  return (mode, { directory }) => {
    const executable = directory || (mode & 0o111) !== 0;
    return steps.reduce((changed, step) => apply(step, changed, executable), mode);
  };
}

type Operator = '+' | '-' | '=';

type Step =
  | { readonly kind: 'bits'; readonly clear: number; readonly set: number; readonly ifExecutable: number }
  /** Copies the bits of one class to others. */
  | { readonly kind: 'copy'; readonly from: number; readonly to: readonly number[]; readonly operator: Operator };

const shifts = { u: 6, g: 3, o: 0 } as const;
const whose = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 } as const;
const letters = { r: 0o444, w: 0o222, x: 0o111 } as const;

function readClause(clause: string): Step[] | undefined {
  const parsed = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause);
  if (!parsed) return undefined;
  const who = [...parsed[1]!].reduce((bits, name) => bits | whose[name as keyof typeof whose], 0);
  const parts = parsed[2]!.match(/[-+=][rwxXstugo]*/g)!;
  return parts.flatMap((part) => readPart(part[0] as Operator, part.slice(1), who));
}

function readPart(operator: Operator, permissions: string, given: number): Step[] {
  const steps: Step[] = [];
  let who = given;
  let bits = 0;
  let ifExecutable = 0;
  let cleared = operator !== '=';
  const flush = () => {
    const chosen = who === 0 ? bits : bits & who;
    const clear = cleared ? 0 : who || 0o6777;
    if (operator === '-') steps.push({ kind: 'bits', clear: chosen, set: 0, ifExecutable: 0 });
    else steps.push({ kind: 'bits', clear, set: chosen, ifExecutable: who === 0 ? ifExecutable : ifExecutable & who });
    cleared = true;
    bits = 0;
    ifExecutable = 0;
  };
  for (const letter of permissions) {
    // Set-id and sticky bits are nothing that "others" alone could have.
    const special = given === 0 || (given & ~0o007) !== 0;
    if (letter === 'u' || letter === 'g' || letter === 'o') {
      if (bits !== 0 || ifExecutable !== 0) flush();
      cleared = true;
      steps.push({ kind: 'copy', from: shifts[letter], to: targets(given), operator });
    } else if (letter === 's') bits |= special ? 0o6000 : 0;
    else if (letter === 't') {
      if (special) {
        bits |= 0o1000;
        who |= 0o1000;
      }
    } else if (letter === 'X' && operator !== '-') ifExecutable = 0o111;
    else bits |= letters[letter === 'X' ? 'x' : (letter as keyof typeof letters)];
  }
  if (bits !== 0 || ifExecutable !== 0 || !cleared) flush();
  return steps;
}

function targets(who: number): number[] {
  const names = ['u', 'g', 'o'] as const;
  return names.filter((name) => who === 0 || who & letters.r & whose[name]).map((name) => shifts[name]);
}

function apply(step: Step, mode: number, executable: boolean): number {
  if (step.kind === 'bits') return (mode & ~step.clear) | step.set | (executable ? step.ifExecutable : 0);
  const value = (mode >> step.from) & 7;
  return step.to.reduce((changed, shift) => {
    if (step.operator === '+') return changed | (value << shift);
    if (step.operator === '-') return changed & ~(value << shift);
    return (changed & ~(7 << shift)) | (value << shift);
  }, mode);
}

function refuse(mode: string): never {
  const message = `invalid mode for chmod: ${JSON.stringify(mode)}; use octal digits like 0644 or changes like u=rwX,go-w`;
  throw new Failed<BadMode>({ kind: 'bad-mode', mode, message });
}

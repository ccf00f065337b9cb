import { styleText } from 'node:util';
import { differingFacts, type FileFacts, type ImageDiff } from '@monokit/engine/diff';
import { shortest } from '../ui/diagnostics.ts';
import { bytes, count, shortDigest } from '../ui/format.ts';
import { writtenAs, type Places } from './instruction.ts';

/** Lines of files and settings that are shown unless all are wanted. */
const most = 40;

export interface TextOptions {
  /** Where instructions are, where that is known. */
  readonly places?: Places;
  readonly cwd: string;
  /** Layers and settings only. */
  readonly stat: boolean;
  /** Every line. */
  readonly verbose: boolean;
  readonly stream: NodeJS.WriteStream;
}

type Sign = '+' | '-' | '~' | '=';
const colours = { '+': 'green', '-': 'red', '~': 'yellow', '=': 'dim' } as const;
const signs = { added: '+', removed: '-', changed: '~', same: '=' } as const;

/** What differs between two images, for people. */
export function diffText(diff: ImageDiff, options: TextOptions): string {
  const { stream, stat } = options;
  const { from, to, missing, files } = diff;
  const bold = (text: string) => styleText('bold', text, { stream });
  const head = `${bold(shown(from.name))} → ${bold(shown(to.name))}`;
  const digests =
    from.digest === to.digest ? shortDigest(to.digest) : `${shortDigest(from.digest)} → ${shortDigest(to.digest)}`;
  const lines = [head, `  ${digests}   ${sizes(from.size, to.size)}`];
  if (diff.same) return `${[...lines, '  no file and no setting differs'].join('\n')}\n`;
  lines.push('', ...layerLines(diff, options));
  if (files && !stat) lines.push(...section('Files', fileLines(files, options), options));
  if (!files) lines.push('', `  files can't be compared: ${count(missing.length, 'layer')} not in the cache any more`);
  else if (missing.length > 0) lines.push('', `  without ${count(missing.length, 'layer')} that is not here any more`);
  lines.push(...missing.map((digest) => `    ${digest}`));
  lines.push(...section('Config', configLines(diff, options), options));
  return `${lines.join('\n')}\n`;
}

function layerLines({ layers }: ImageDiff, { places, cwd, stream }: TextOptions): readonly string[] {
  const lines: string[] = [];
  let same: { count: number; size: number } = { count: 0, size: 0 };
  const flush = () => {
    if (same.count > 0) lines.push(line('=', `${count(same.count, 'layer')} the same   ${bytes(same.size)}`, stream));
    same = { count: 0, size: 0 };
  };
  for (const { kind, instruction, from, to, files } of layers) {
    if (kind === 'same') {
      same = { count: same.count + 1, size: same.size + to!.size };
      continue;
    }
    flush();
    const text = writtenAs(instruction);
    const place = places?.(instruction);
    const counts = files && [
      ...(files.added > 0 ? [`+${files.added}`] : []),
      ...(files.removed > 0 ? [`-${files.removed}`] : []),
      ...(files.changed > 0 ? [`~${files.changed}`] : []),
    ];
    const about = [
      cut(shown(text) || 'a layer of no instruction', 48),
      ...(place === undefined ? [] : [shortest(place, cwd)]),
      sizes(from?.size, to?.size),
      ...(counts && counts.length > 0
        ? [`${counts.join(' ')} ${files!.added + files!.removed + files!.changed === 1 ? 'file' : 'files'}`]
        : []),
    ];
    lines.push(line(signs[kind], about.join('   '), stream));
  }
  flush();
  return lines;
}

function fileLines(files: NonNullable<ImageDiff['files']>, { stream }: TextOptions): readonly string[] {
  const paths = files.map(({ path }) => path);
  return files.flatMap((change, i) => {
    const facts = change.kind === 'removed' ? change.from : change.to;
    // A folder that comes or goes with what is in it needs no line of its own.
    if (change.kind !== 'changed' && facts.kind === 'folder' && paths[i + 1]?.startsWith(`${change.path}/`)) return [];
    const name = `${shown(Buffer.from(change.path, 'latin1').toString())}${facts.kind === 'folder' ? '/' : ''}`;
    const told = change.kind === 'changed' ? differences(change.from, change.to) : what(facts);
    return line(signs[change.kind], told === '' ? name : `${name}   ${told}`, stream);
  });
}

function what({ kind, size, target }: FileFacts): string {
  if (kind === 'file') return bytes(size);
  return kind === 'symlink' ? `→ ${shown(target ?? '')}` : kind === 'folder' ? '' : kind;
}

function differences(a: FileFacts, b: FileFacts): string {
  const facts = new Set(differingFacts(a, b));
  if (facts.has('kind')) return `${a.kind} → ${b.kind}`;
  const told = [];
  if (facts.has('content')) told.push(facts.has('size') ? sizes(a.size, b.size) : `${bytes(b.size)}, other content`);
  if (facts.has('mode')) told.push(`mode ${octal(a.mode)} → ${octal(b.mode)}`);
  if (facts.has('uid') || facts.has('gid')) told.push(`owner ${a.uid}:${a.gid} → ${b.uid}:${b.gid}`);
  if (facts.has('target')) told.push(`→ ${shown(a.target ?? '')}, now → ${shown(b.target ?? '')}`);
  if (facts.has('device')) told.push(`device ${a.device?.join(':')} → ${b.device?.join(':')}`);
  if (facts.has('xattrs')) told.push('extended attributes');
  return told.join('   ');
}

function configLines({ config }: ImageDiff, { stream }: TextOptions): readonly string[] {
  const value = (each: unknown) => shown(typeof each === 'string' ? each : JSON.stringify(each));
  return config.map((change) => {
    const key = shown(change.key);
    if (!('from' in change)) return line('+', `${key}   ${value(change.to)}`, stream);
    if (!('to' in change)) return line('-', `${key}   ${value(change.from)}`, stream);
    return line('~', `${key}   ${value(change.from)} → ${value(change.to)}`, stream);
  });
}

function section(title: string, lines: readonly string[], { verbose, stream }: TextOptions): readonly string[] {
  if (lines.length === 0) return [];
  const cut = verbose ? lines : lines.slice(0, most);
  const more = lines.length - cut.length;
  return ['', styleText('bold', title, { stream }), ...cut, ...(more > 0 ? [`  … ${more} more: --verbose`] : [])];
}

function line(sign: Sign, text: string, stream: NodeJS.WriteStream): string {
  return `  ${styleText(colours[sign], sign, { stream })} ${text}`;
}

/** `1.2 MiB → 1.3 MiB, +14.2 KiB`. */
function sizes(from: number | undefined, to: number | undefined): string {
  if (from === undefined || to === undefined) return bytes((from ?? to)!);
  return from === to ? bytes(to) : `${bytes(from)} → ${bytes(to)}, ${signed(to - from)}`;
}

/** `+14.2 KiB`, `-3 B`. */
export function signed(difference: number): string {
  return `${difference < 0 ? '-' : '+'}${bytes(Math.abs(difference))}`;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** What others named: nothing in it moves the cursor, or passes for something else. */
export function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

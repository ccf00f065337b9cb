import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { messageOf } from './failure.ts';
import { failuresOf } from './failures.ts';
import { bytes, duration, shortDigest, shortName, shownLine } from './format.ts';
import { causeText } from './image-line.ts';
import { jobGraph } from './job-graph.ts';
import { isWork, type ImageModel, type RunModel } from './model.ts';
import type { RunEnd, RunStart } from './renderer.ts';
import { summary } from './summary.ts';

/** GitHub takes no more. In bytes. */
const most = 1 << 20;

/** A run in Markdown: who was built and failed, what was slow, what failing steps wrote; a picture where Mermaid is read. */
export function jobSummary(
  model: RunModel,
  start: RunStart,
  end: RunEnd,
  { graph = false }: { readonly graph?: boolean } = {},
): string {
  const images = [...model.images.values()];
  const failures = failuresOf(model);
  const causes = images.map(({ id, state }) =>
    state.kind === 'built' ? causeText(start.facts?.cause?.(id)).join('') : '',
  );
  const isTold = causes.some((cause) => cause !== '');
  const sections = [
    `### ${end.code === 0 ? '✔' : '✖'} ${headOf(
      images,
      failures.flatMap((failure) => failure.images),
      end,
    )}`,
    table(
      ['image', 'result', ...(isTold ? ['why'] : []), 'time', 'size', 'digest'],
      images.map((image, i) => [image.id, image.state.kind, ...(isTold ? [causes[i]!] : []), ...factsOf(image)]),
    ),
    lineOf(summary(model, start, end, { stream: unseen(), env: {} })),
    ...failures.map(({ error, step, images: whose }) => {
      const title = step ? `${whose.join(', ')} ${shortName(step.name)}` : whose.join(', ');
      const lines = [...(step?.tail ?? []).map(shownLine), `error: ${messageOf(error)}`];
      return folded(`✖ ${title}`, fenced(lines.join('\n')), { open: true });
    }),
    slowest(model),
    graph ? drawn(jobGraph(model)) : '',
  ];
  const text = `${sections.filter(Boolean).join('\n\n')}\n`;
  const cut = Buffer.from(text);
  return cut.length <= most
    ? text
    : `${cut
        .subarray(0, most - 64)
        .toString()
        .replace(/\ufffd?[^\n]*$/, '')}\n…\n`;
}

function headOf(images: readonly ImageModel[], failed: readonly string[], { timedOut }: RunEnd): string {
  if (failed.length > 0) return `${failed.map(plain).join(', ')} failed`;
  if (timedOut !== undefined) return timedOut;
  const built = images.filter(({ state }) => state.kind === 'built').length;
  return built === 0 ? `${images.length} images up to date` : `${built} of ${images.length} images built`;
}

function factsOf({ state, startedAt, endedAt }: ImageModel): readonly string[] {
  if (state.kind !== 'built' && state.kind !== 'cached') return ['', '', ''];
  const took =
    state.kind === 'built' && startedAt !== undefined && endedAt !== undefined ? duration(endedAt - startedAt) : '';
  return [
    took,
    state.size === undefined ? '' : bytes(state.size),
    state.digest ? `\`${shortDigest(state.digest)}\`` : '',
  ];
}

/** `Images: 2 built, 2 total · Steps: …`. */
function lineOf(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => plain(stripVTControlCharacters(line).trim().replace(/:\s+/, ': ')))
    .join(' · ');
}

function slowest({ steps }: RunModel): string {
  const ran = [...steps.values()]
    .filter((step) => isWork(step) && step.endedAt !== undefined)
    .map(({ name, startedAt, endedAt, wantedBy }) => ({ name, wantedBy, took: endedAt! - startedAt! }))
    .sort((a, b) => b.took - a.took)
    .slice(0, 5);
  if (ran.length === 0) return '';
  const rows = ran.map(({ name, wantedBy, took }) => [duration(took), shortName(name), wantedBy.join(', ')]);
  return folded('slowest steps', table(['time', 'step', 'images'], rows), { open: false });
}

function drawn(graph: string | undefined): string {
  return graph === undefined ? '' : folded('what depends on what', `\`\`\`mermaid\n${graph}\n\`\`\``, { open: false });
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const cell = (text: string) => (/^`[^`|]*`$/.test(text) ? text : plain(text));
  return [row(heads), row(heads.map(() => '---')), ...rows.map((cells) => row(cells.map(cell)))].join('\n');
}

function folded(title: string, body: string, { open }: { readonly open: boolean }): string {
  return `<details${open ? ' open' : ''}><summary>${plain(title)}</summary>\n\n${body}\n\n</details>`;
}

/** In a fence that is longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** Text that is no Markdown and no HTML, on one line. */
function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|~@]/g, (sign) => `&#${sign.codePointAt(0)};`);
}

/** A stream that is no terminal, for texts that are to be plain. */
function unseen(): NodeJS.WriteStream {
  return new Writable({ write: (_chunk, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;
}

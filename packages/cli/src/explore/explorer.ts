// Converts a Dockerfile's text as it is edited, with the real frontend, and tells what comes of it.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  call,
  defineAll,
  type Defined,
  type LocalEngine,
  type Offer,
  type Session,
  type SolveRequest,
  type Task,
} from '@monokit/engine';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import type { LintResults } from '@monokit/engine/subrequests/lint';
import type { TargetList } from '@monokit/engine/subrequests/targets';
import { detailedGraph, type DetailedGraph } from '../graph/details.ts';
import { diagnosticsOf, messageOf } from '../ui/failure.ts';
import type { Converted, Finding, Line, OpenedFile, ShownStage } from './answer.ts';
import type { Bases } from './bases.ts';
import type { Document } from './document.ts';
import { rebuildOf } from './rebuild.ts';

export interface Explored {
  readonly engine: LocalEngine;
  readonly bases: Bases;
  readonly document: Document;
  /** The image that the Dockerfile is of, with its flags or config. */
  readonly task: Task;
  readonly offers: readonly Offer[];
  /** The Dockerfile's name in the folder that the session lends as `dockerfile`. */
  readonly filename: string;
}

/** A text to look at; `target` is the stage, the last one where it is empty. */
export interface Edit {
  readonly text: string;
  readonly target: string;
}

/** How long a text stands before anybody else is asked about it, in milliseconds. */
const calm = 700;

/** What one conversion gave. */
interface Conversion {
  readonly answer: Omit<Converted, 'rebuild' | 'ms'>;
  readonly defined?: Defined;
  readonly session: Session;
}

export class Explorer {
  readonly #of: Explored;
  /** The version on disk, converted: remade when file, target or what is known of bases are others. */
  #former: { readonly key: string; readonly graph: Promise<DetailedGraph | undefined> } | undefined;

  constructor(explored: Explored) {
    this.#of = explored;
  }

  async opened(): Promise<OpenedFile> {
    const { document, task, filename } = this.#of;
    const { source } = task.request;
    const options = source.kind === 'frontend' ? source.options : {};
    return {
      name: filename,
      path: document.path,
      image: task.request.id,
      ...(await document.read()),
      target: options['target'] ?? '',
      platforms: (options['platform'] ?? '').split(',').filter(Boolean),
    };
  }

  /** Tells of a text at once, then what the cache has, then anew when base images turn out. Ends when all is told. */
  async explore(edit: Edit, signal: AbortSignal, send: (line: Line) => Promise<void>): Promise<void> {
    const { bases } = this.#of;
    const session = await this.#tell(edit, signal, send);
    if (!bases.of(session).some(({ state }) => state === 'asking')) return;
    await sleep(calm, undefined, { signal });
    if (await bases.settle(session, signal)) await this.#tell(edit, signal, send);
  }

  async #tell(edit: Edit, signal: AbortSignal, send: (line: Line) => Promise<void>): Promise<Session> {
    const started = performance.now();
    const { answer, defined, session } = await this.#convert(edit, signal);
    const former = answer.graph && (await this.#formerGraph(edit.target, signal));
    const rebuild = answer.graph && former && rebuildOf(former.steps, answer.graph.steps);
    signal.throwIfAborted();
    await send({ ...answer, ...(rebuild && { rebuild }), ms: Math.round(performance.now() - started) });
    if (defined) {
      const { steps } = await this.#of.engine.forecast([defined], { reach: 'here', signal, report: () => undefined });
      const outlooks = Object.fromEntries([...steps].map(([digest, { outlook }]) => [digest, outlook]));
      await send({ kind: 'outlooks', outlooks });
    }
    return session;
  }

  async #formerGraph(target: string, signal: AbortSignal): Promise<DetailedGraph | undefined> {
    const { text, version } = await this.#of.document.read();
    const key = JSON.stringify([version, target, this.#of.bases.generation]);
    if (this.#former?.key !== key) {
      // Not given up with the edit that asked first: others wait for it, too.
      const work = this.#convert({ text, target }, new AbortController().signal);
      const graph = work.then(({ answer }) => answer.graph);
      graph.catch(() => undefined);
      this.#former = { key, graph };
    }
    const graph = await this.#former.graph;
    signal.throwIfAborted();
    return graph;
  }

  async #convert({ text, target }: Edit, signal: AbortSignal): Promise<Conversion> {
    const { engine, bases, task, offers, filename, document } = this.#of;
    using folder = placed(text, filename, document.path);
    const request = requestFor(task.request, { folder: folder.path, target });
    const asked: Task = { ...task, request };
    const work = { signal, report: () => undefined, offers };
    const needs: [string, string][] = [];
    const onNeed = (from: string, to: string) => void needs.push([from, to]);
    const [made, lint, targets] = await Promise.allSettled([
      defineAll(engine, [asked], { ...work, onNeed })[0]!,
      call(engine, [asked], { ...work, question: 'frontend.lint' })[0]!,
      call(engine, [asked], { ...work, question: 'frontend.targets' })[0]!,
    ]);
    signal.throwIfAborted();
    const defined = made.status === 'fulfilled' ? made.value : undefined;
    const graph =
      defined && edited(await detailedGraph({ tasks: [asked], defined: [defined], needs }), { folder: folder.path });
    const lines = text.split('\n').length;
    return {
      answer: {
        kind: 'converted',
        stages: targets.status === 'fulfilled' ? stagesOf(targets.value.json, { lines, graph, filename }) : [],
        ...(graph && { graph }),
        findings: [
          ...(made.status === 'rejected' ? errorsOf(made.reason) : []),
          ...(lint.status === 'fulfilled' ? warningsOf(lint.value.json) : []),
        ],
        bases: bases.of(request.session),
      },
      ...(defined && { defined }),
      session: request.session,
    };
  }
}

/** A folder of its own with the text in the Dockerfile's place, and its ignore file beside it. */
function placed(text: string, filename: string, original: string): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'monokit-explore-'));
  const file = join(path, filename);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o600 });
  const ignore = `${original}.dockerignore`;
  if (existsSync(ignore)) copyFileSync(ignore, join(dirname(file), basename(ignore)));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The request with the Dockerfile from another folder, and another target. */
function requestFor(
  request: SolveRequest,
  { folder, target }: { readonly folder: string; readonly target: string },
): SolveRequest {
  const { session, source } = request;
  if (source.kind !== 'frontend') return request;
  const { target: _, ...options } = source.options;
  return {
    ...request,
    source: { ...source, options: { ...options, ...(target !== '' && { target }) } },
    session: { ...session, folder: (name) => (name === 'dockerfile' ? { root: folder } : session.folder(name)) },
  };
}

/** The graph in which what is edited lies in no folder. */
function edited({ images, steps }: DetailedGraph, { folder: ours }: { readonly folder: string }): DetailedGraph {
  return {
    images,
    steps: steps.map((step) => {
      if (step.source?.folder !== ours) return step;
      const { folder: _, ...source } = step.source;
      return { ...step, source };
    }),
  };
}

function stagesOf(
  json: string,
  about: { readonly lines: number; readonly graph: DetailedGraph | undefined; readonly filename: string },
): readonly ShownStage[] {
  const { targets } = JSON.parse(json) as TargetList;
  const list = targets ?? [];
  return list.map(({ name = '', base = '', platform, description, default: isDefault = false, location }, i) => {
    const first = location?.ranges?.[0]?.start?.line ?? 1;
    const next = list[i + 1]?.location?.ranges?.[0]?.start?.line;
    const last = next === undefined ? about.lines : next - 1;
    const inside = about.graph?.steps.filter(
      ({ source }) =>
        source?.file === about.filename &&
        source.folder === undefined &&
        first <= source.lines[0] &&
        source.lines[0] <= last,
    );
    return {
      name,
      base,
      ...(platform !== undefined && { platform }),
      ...(description !== undefined && { description }),
      lines: [first, last],
      isDefault,
      steps: inside?.length ?? 0,
    };
  });
}

function errorsOf(error: unknown): readonly Finding[] {
  const diagnostics = diagnosticsOf(error);
  if (diagnostics.length === 0) return [{ severity: 'error', code: 'error', message: messageOf(error) }];
  return diagnostics.map(findingOf);
}

function findingOf({ severity, code, message, hint, url, range }: Diagnostic): Finding {
  return {
    severity,
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...(url !== undefined && { url }),
    ...(range && {
      line: range.start.line,
      column: range.start.column,
      endLine: range.end.line,
      endColumn: range.end.column,
    }),
  };
}

function warningsOf(json: string): readonly Finding[] {
  const { warnings } = JSON.parse(json) as LintResults;
  return (warnings ?? []).map(({ ruleName, description, url, detail = '', location }): Finding => {
    const ranges = location?.ranges ?? [];
    const [line, endLine] = [ranges[0]?.start?.line, ranges.at(-1)?.end?.line];
    return {
      severity: 'warning',
      code: ruleName,
      message: detail,
      ...(description !== undefined && { hint: description }),
      ...(url !== undefined && { url }),
      ...(line !== undefined && { line, endLine: endLine ?? line }),
    };
  });
}

import { Mistake } from '../mistake.ts';

interface ProgressFlags {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly progress: string | undefined;
}

/**
 * How a run is shown: `auto`, `tty`, `plain`, `json`, `quiet`, or as a CI has it. What was typed goes before what the
 * environment says; two that were typed contradict one another.
 */
export function progressMode({ quiet, json, progress }: ProgressFlags, env: NodeJS.ProcessEnv): string {
  const said = [
    ...(quiet ? [{ flag: '-q', mode: 'quiet', variable: 'MONOKIT_QUIET' }] : []),
    ...(json ? [{ flag: '--json', mode: 'json', variable: 'MONOKIT_JSON' }] : []),
    ...(progress === undefined
      ? []
      : [
          {
            flag: `--progress ${progress}`,
            mode: progress === 'rawjson' ? 'json' : progress,
            variable: 'MONOKIT_PROGRESS',
          },
        ]),
  ];
  const typed = said.filter(({ variable }) => !env[variable]);
  const [first] = typed.length > 0 ? typed : said;
  const other = typed.find(({ mode }) => mode !== first!.mode && mode !== 'auto');
  if (other) throw new Mistake(`${first!.flag} and ${other.flag} are two ways to show one run`, 'leave one out');
  return first?.mode ?? 'auto';
}

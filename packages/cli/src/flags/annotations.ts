import { Mistake } from '../mistake.ts';

const levels: ReadonlySet<string> = new Set(['manifest', 'manifest-descriptor', 'index', 'index-descriptor']);

/**
 * One `--annotation` as exporters' attributes: `index,manifest[linux/amd64]:KEY=VALUE` is `annotation-index.KEY` and
 * `annotation-manifest[linux/amd64].KEY`; a key alone is every manifest's.
 */
export function annotationAttrs(text: string): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals < 0) throw new Mistake(`invalid annotation ${JSON.stringify(text)}, expected KEY=VALUE`);
  const [written, value] = [text.slice(0, equals), text.slice(equals + 1)];
  const colon = written.indexOf(':');
  const key = written.slice(colon + 1);
  if (key === '') throw new Mistake(`--annotation needs KEY=VALUE, got ${JSON.stringify(text)}`);
  if (colon < 0) return { [`annotation.${key}`]: value };
  return Object.fromEntries(
    written
      .slice(0, colon)
      .split(',')
      .map((place) => {
        const [, level = '', platform] = /^([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?$/.exec(place) ?? [];
        if (!levels.has(level)) {
          throw new Mistake(
            `unknown annotation type ${JSON.stringify(place)} in --annotation ${text}`,
            `before the colon stand ${[...levels].join(', ')}, each with a platform in square brackets where one is meant`,
          );
        }
        return [`annotation-${level}${platform === undefined ? '' : `[${platform}]`}.${key}`, value];
      }),
  );
}

// The frontend of Packfiles: `# syntax=packfile` has a build leave its file to the image that this is in.

import {
  FrontendError,
  llb,
  runFrontend,
  type FrontendClient,
  type ImageConfig,
  type Platform,
} from '@monokit/engine/gateway';
import { parsePackfile, type Step } from './parse.ts';

await runFrontend(async (client) => {
  const file = client.options['filename'] ?? 'Packfile';
  const customName = `[internal] load ${file}`;
  const folder = await client.solve(llb.local('dockerfile', { followPaths: [file], customName }));
  const text = await folder.readText(file);
  const steps = parsePackfile(text, file);
  if (!steps.some(({ verb }) => verb === 'start')) {
    const line = steps.at(-1)!.line;
    await client.warn('nothing is started: the image does what its base does', { place: { file, text, line } });
  }
  const source = llb.sourceMap({ filename: file, data: Buffer.from(text), language: 'Packfile' });
  const images = client.platforms.map((platform) => imageFor(platform, { client, text, steps, source }));
  return { images: await Promise.all(images) };
});

interface Packing {
  readonly client: FrontendClient;
  readonly text: string;
  readonly steps: readonly Step[];
  readonly source: llb.SourceMap;
}

async function imageFor(platform: Platform, { client, text, steps, source }: Packing) {
  const [base, ...rest] = steps;
  const found = await lookUp(base!);
  const config = structuredClone(found.config.config) as { -readonly [K in keyof ImageConfig['config']]: unknown };
  const env = [...(found.config.config.Env ?? [])];
  const context = llb.local('context', { customName: '[internal] load build context' });
  let state = llb
    .image(`${found.reference.split('@')[0]}@${found.digest}`, { platform, location: at(base!) })
    .withImageConfig(found.config);

  for (const step of rest) {
    const { verb, words } = step;
    const shown = { location: at(step), customName: `${verb} ${words.join(' ')}` };
    switch (verb) {
      case 'copy': {
        const copied = { dirContentsOnly: true, createDestPath: true, ...shown };
        state = state.copy(context, `/${words[0]}`, words[1]!, copied);
        break;
      }
      case 'run':
        state = state.run(['sh', '-c', words.join(' ')], shown);
        break;
      case 'env': {
        const [name = '', value = ''] = words[0]!.split(/=(.*)/s);
        state = state.env(name, value);
        env.push(words[0]!);
        break;
      }
      case 'port':
        config['ExposedPorts'] = { [`${words[0]}/tcp`]: {} };
        break;
      case 'start':
        config['Cmd'] = ['sh', '-c', `exec ${words.join(' ')}`];
        break;
    }
  }
  const ref = await client.solve(state, { platform });
  return { platform, ref, config: { ...platform, config: { ...config, Env: env } } as ImageConfig };

  async function lookUp({ words, line }: Step) {
    try {
      return await client.resolveImage(words[0]!, { platform, logName: `[internal] look up ${words[0]}` });
    } catch (error) {
      const { filename: file } = source;
      const place = { file, text, line, column: text.split('\n')[line - 1]!.indexOf(words[0]!) + 1 };
      throw new FrontendError((error as Error).message, place, { cause: error });
    }
  }

  function at({ line }: Step): llb.SourceLocation {
    return { map: source, ranges: [{ start: { line, character: 0 }, end: { line, character: 0 } }] };
  }
}

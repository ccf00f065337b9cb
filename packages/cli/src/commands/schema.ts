import { readFileSync } from 'node:fs';
import { command } from '../command.ts';

export const schema = command({
  summary: 'Print the JSON Schema of configurations in JSON and YAML',
  usage: '',
  description: `
Prints the JSON Schema of buildkit.config.json and buildkit.config.yaml, by which editors
complete keys, explain them and mark mistakes. It is a part of the package, too, as
node_modules/@monokit/config/schema.json.

In YAML the first line names it, in JSON the key $schema:
  # yaml-language-server: $schema=./node_modules/@monokit/config/schema.json
  { "$schema": "./node_modules/@monokit/config/schema.json" }
A buildkit.config.ts needs none: its types say the same.`,
  flags: {},
  wordless: 'cli schema > FILE writes it to a file',
  examples: [['cli schema > buildkit.schema.json', 'beside a configuration that stands without node_modules']],
  async run({ stdout }) {
    stdout.write(readFileSync(new URL(import.meta.resolve('@monokit/config/schema.json')), 'utf8'));
    return 0;
  },
});

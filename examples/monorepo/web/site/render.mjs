import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const page = readFileSync(join(import.meta.dirname, 'page.html'), 'utf8');
const words = ['one graph', 'one cache', 'many images'];
writeFileSync(join(out, 'index.html'), page.replace('{{list}}', words.map((word) => `<li>${word}</li>`).join('')));

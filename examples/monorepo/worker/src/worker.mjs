import { readFileSync } from 'node:fs';
import { log } from '../lib/log.mjs';

log('worker', `waits for ${readFileSync('/app/queue', 'utf8').trim()}`);

import { createServer } from 'node:http';
import { log } from '../shared/log.mjs';
import { greeting } from './greeting.mjs';

createServer((request, response) => {
  log('api', request.url);
  response.end(greeting(request.url.slice(1) || 'world'));
}).listen(8080);

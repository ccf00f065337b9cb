import { createServer } from 'node:http';
import { log } from '../lib/log.mjs';
import { greeting } from './greeting.mjs';

const server = createServer((request, response) => {
  log('api', request.url);
  response.end(greeting(request.url.slice(1) || 'world'));
});
server.listen(process.env.PORT ?? 8080, () => log('api', `listens on port ${server.address().port}`));

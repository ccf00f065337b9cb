// Which keys `watch` of an image may have.

import {
  either,
  flag,
  isRecord,
  keys,
  list,
  oneOf,
  oneOrMany,
  record,
  scalarOrNull,
  text,
  textOrNumber,
} from './check.ts';
import type { Problem } from './problem.ts';
import { watchActions } from './target.ts';

const words = oneOrMany(text);
const dependencies = record(
  keys({ condition: oneOf('service_started', 'service_completed_successfully') }, { of: 'WatchDependency' }),
);
const port = keys(
  { target: textOrNumber, published: textOrNumber, host_ip: text, protocol: oneOf('tcp', 'udp') },
  { of: 'WatchPort', required: ['target'], meant: { hostIp: 'host_ip', address: 'host_ip' } },
);
const volume = keys(
  {
    type: oneOf('bind', 'volume', 'tmpfs'),
    source: text,
    target: text,
    read_only: flag,
    bind: keys({ create_host_path: flag }),
    volume: keys({ nocopy: flag, subpath: text }),
    tmpfs: keys({ size: textOrNumber, mode: textOrNumber }),
  },
  { of: 'WatchVolume', required: ['type', 'target'], meant: { readOnly: 'read_only', src: 'source', dst: 'target' } },
);
/** What `watch` of an image may say. */
export const watch = keys(
  {
    up: flag,
    entrypoint: words,
    command: words,
    environment: record(scalarOrNull),
    user: text,
    workingDir: text,
    network: oneOf('default', 'host', 'none'),
    stopSignal: text,
    stopGracePeriod: textOrNumber,
    dependsOn: either('a list of texts, or an object', [list(text), dependencies], (value) =>
      Array.isArray(value) ? list(text) : dependencies,
    ),
    restart: text,
    ports: oneOrMany(
      either('a text such as "8080:80", a number, or an object', [textOrNumber, port], (value) =>
        isRecord(value) ? port : textOrNumber,
      ),
    ),
    volumes: oneOrMany(
      either('a text such as "./src:/src", or an object', [text, volume], (value) =>
        typeof value === 'string' ? text : isRecord(value) ? volume : undefined,
      ),
    ),
    tmpfs: oneOrMany(text),
    actions: list(
      keys(
        {
          action: oneOf(...watchActions),
          path: text,
          target: text,
          ignore: oneOrMany(text),
          include: oneOrMany(text),
          initialSync: flag,
          initial_sync: flag,
          exec: keys(
            {
              command: words,
              user: text,
              privileged: flag,
              working_dir: text,
              environment: either('an object, or a list of texts', [record(scalarOrNull), list(text)], (value) =>
                Array.isArray(value) ? list(text) : record(scalarOrNull),
              ),
            },
            { of: 'WatchExec', required: ['command'], meant: { workingDir: 'working_dir', env: 'environment' } },
          ),
        },
        { of: 'WatchAction', required: ['action', 'path'] },
      ),
    ),
  },
  {
    of: 'ImageWatch',
    meant: { env: 'environment', cmd: 'command', watch: 'actions', stopGrace: 'stopGracePeriod', mounts: 'volumes' },
  },
);

/** What is wrong with the shape of an image's `watch`. */
export function checkWatch(value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  watch(value, [], (problem) => problems.push(problem));
  return problems;
}

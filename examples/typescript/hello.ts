// An image without a Dockerfile: the engine's State, in TypeScript. What is shared and computed is ordinary code.

import { llb } from '@monokit/engine';

const greetings = { en: 'hello', fr: 'bonjour', eo: 'saluton' };

/** A busybox with a greeting in each language; each file is a step of its own, and they run at the same time. */
export async function hello() {
  const base = llb.image('busybox');
  const files = Object.entries(greetings).map(([language, word]) =>
    base
      .run(['sh', '-c', `echo ${word} > /out/${language}`], { mounts: [{ kind: 'bind', target: '/out' }] })
      .mount('/out'),
  );
  const state = files.reduce((image, file) => image.copy(file, '/', '/greetings/'), base);
  return { state, config: { Cmd: ['sh', '-c', 'cat /greetings/*'], Env: ['LANG=C.UTF-8'] } };
}

import { makeTempFolder } from '../std/temp.ts';
import { DiskStore } from './disk.ts';
import { MemoryStore } from './memory.ts';
import { testStore } from './test-store.ts';

testStore('memory', async () => ({ store: new MemoryStore(), [Symbol.asyncDispose]: async () => {} }));

testStore('disk', async () => {
  const temp = makeTempFolder();
  return { store: new DiskStore(temp.path), [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose]() };
});

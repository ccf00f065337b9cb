import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Mistake } from '../mistake.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The one file that is explored, and the only one that is ever written. */
export class Document {
  /** As it is called where it lies. */
  readonly path: string;
  /** Where it really is: a symlink stays one when the file is saved. */
  readonly #target: string;

  private constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
  }

  static async open(path: string): Promise<Document> {
    const target = await realpath(path).catch((cause: unknown) => {
      throw new Mistake(`there is no Dockerfile at ${path}`, (cause as Error).message);
    });
    if (!(await stat(target)).isFile()) throw new Mistake(`${path} is not a file`);
    const document = new Document(path, target);
    await document.read();
    return document;
  }

  async read(): Promise<{ readonly text: string; readonly version: string }> {
    const bytes = await readFile(this.#target);
    try {
      return { text: utf8.decode(bytes), version: versionOf(bytes) };
    } catch (cause) {
      // To save it would change what can't be shown.
      if (cause instanceof TypeError) throw new Mistake(`${this.path} is not UTF-8 text`);
      throw cause;
    }
  }

  /** Writes it whole or not at all. Undefined if it is not `over` any more: somebody else wrote it. */
  async save(text: string, over: string): Promise<string | undefined> {
    const [{ version }, { mode, uid, gid }] = await Promise.all([this.read(), stat(this.#target)]);
    if (version !== over) return undefined;
    const beside = join(dirname(this.#target), `.${basename(this.#target)}.${randomBytes(6).toString('hex')}`);
    try {
      await using file = await open(beside, 'wx', mode & 0o7777);
      await file.writeFile(text);
      await file.chmod(mode & 0o7777);
      if (process.getuid?.() === 0) await file.chown(uid, gid);
      await file.sync();
      await rename(beside, this.#target);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    return versionOf(Buffer.from(text));
  }
}

function versionOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

// The home of the AWS SDK: one bucket as a store of named bytes. Credentials that are not given are what the SDK finds:
// environment, profiles, web identities, roles of the machine.

import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';
import type { S3Place } from './s3-options.ts';

export class S3Bucket implements Disposable {
  readonly #bucket: string;
  readonly #client: S3Client;

  constructor({ bucket, region, endpoint, pathStyle, credentials, retry }: S3Place) {
    this.#bucket = bucket;
    this.#client = new S3Client({
      region,
      ...(endpoint !== undefined && { endpoint, forcePathStyle: pathStyle }),
      ...(credentials && { credentials }),
      ...retry,
      // Servers that are not AWS's don't know of trailing checksums; what comes back is checked by its digest.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** What is there under a key, or undefined. `modifiedAt` in milliseconds since the epoch. */
  async head(
    key: string,
    { signal }: Options,
  ): Promise<{ readonly size: number; readonly modifiedAt: number } | undefined> {
    try {
      const found = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), {
        abortSignal: signal,
      });
      return { size: found.ContentLength ?? -1, modifiedAt: found.LastModified?.getTime() ?? Date.now() };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw this.#refused(error, key, signal);
    }
  }

  /** The bytes under a key, as they come. */
  async *get(key: string, { signal }: Partial<Options>): AsyncGenerator<Uint8Array> {
    try {
      const { Body: body } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key }),
        signal && { abortSignal: signal },
      );
      if (!(body instanceof Readable)) throw new TypeError('the SDK gave no stream');
      const stop = () => void body.destroy(signal?.reason as Error);
      signal?.addEventListener('abort', stop, { once: true });
      try {
        yield* body as AsyncIterable<Uint8Array>;
      } finally {
        signal?.removeEventListener('abort', stop);
        body.destroy();
      }
    } catch (error) {
      throw this.#refused(error, key, signal);
    }
  }

  /** Writes bytes under a key, in parts where there are many; what breaks off leaves nothing behind. */
  async put(
    key: string,
    bytes: AsyncIterable<Uint8Array>,
    { size, signal }: Options & { readonly size: number },
  ): Promise<void> {
    const upload = new Upload({
      client: this.#client,
      params: { Bucket: this.#bucket, Key: key, Body: Readable.from(bytes, { objectMode: false }) },
      partSize: Math.max(smallestPart, Math.ceil(size / mostParts)),
    });
    const stop = () => void upload.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      await upload.done();
    } catch (error) {
      throw this.#refused(error, key, signal);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Makes what is there new again. */
  async touch(key: string, { signal }: Options): Promise<void> {
    const command = new CopyObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      CopySource: encodeURI(`${this.#bucket}/${key}`).replaceAll('+', '%2B'),
      Metadata: { 'updated-at': new Date().toISOString() },
      MetadataDirective: 'REPLACE',
    });
    try {
      await this.#client.send(command, { abortSignal: signal });
    } catch (error) {
      throw this.#refused(error, key, signal);
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  #refused(error: unknown, key: string, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof Failed || !(error instanceof Error)) return error;
    const status = statusOf(error);
    const at = `s3://${this.#bucket}/${key}`;
    const coded = error instanceof S3ServiceException && error.message !== error.name;
    const why = coded ? `${error.name}: ${error.message}` : error.message || error.name;
    const message = status === 404 ? `there is no ${at} (${error.name})` : `${at}: ${why}`;
    return new Failed<RemoteCacheFailure>(
      { kind: 'cache-refused', message, ...(status !== undefined && { status }) },
      { cause: error },
    );
  }
}

interface Options {
  readonly signal: AbortSignal;
}

/** S3's own bounds, in bytes and parts. */
const smallestPart = 5 * 1024 * 1024;
const mostParts = 10_000;
/** What is larger can't be touched. */
export const largestTouch = 5 * 1024 * 1024 * 1024;

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

// Hashes, identifiers and ciphers. The home of bcryptjs, which is loaded only when it is used.

import { Buffer } from 'node:buffer';
import { createHash, createPrivateKey, constants, privateDecrypt, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { FunctionError, type HclFunction } from '../function.ts';
import { number } from '../type.ts';
import { stringOf, text, type Value } from '../value.ts';
import { bytesOf } from './encodings.ts';
import { fn, param, texts, whole } from './parameters.ts';

const hashed = (algorithm: string) =>
  fn(texts('str'), (given) => text(createHash(algorithm).update(stringOf(given!)).digest('hex')));

export const hashFunctions: Readonly<Record<string, HclFunction>> = {
  bcrypt: fn(texts('str'), bcrypt, param('cost', number)),
  md5: hashed('md5'),
  rsadecrypt: fn(texts('ciphertext', 'privatekey'), (cipher, key) => text(decrypt(stringOf(cipher!), stringOf(key!)))),
  sha1: hashed('sha1'),
  sha256: hashed('sha256'),
  sha512: hashed('sha512'),
  uuidv4: fn([], () => text(randomUUID())),
  uuidv5: fn(texts('namespace', 'name'), (space, name) => text(uuidFrom(stringOf(space!), stringOf(name!)))),
};

function bcrypt(...[given, cost, ...more]: readonly Value[]): Value {
  if (more.length > 0) throw new FunctionError('a text and a cost are all that it takes', 2);
  const rounds = cost ? whole(cost, 1) : 10;
  if (rounds > 31) throw new FunctionError('the cost is at most 31', 1);
  const password = stringOf(given!);
  if (Buffer.byteLength(password) > 72) throw new FunctionError('the text has more than 72 bytes', 0);
  const { hashSync } = createRequire(import.meta.url)('bcryptjs') as typeof import('bcryptjs');
  // Costs below 4 are taken for none.
  return text(hashSync(password, rounds < 4 ? 10 : rounds).replace(/^\$2b\$/, '$2a$'));
}

function decrypt(cipher: string, key: string): string {
  const bytes = bytesOf(cipher, 0);
  let privateKey: ReturnType<typeof createPrivateKey>;
  try {
    privateKey = createPrivateKey({ key, format: 'pem' });
  } catch {
    throw new FunctionError('the key is not a private RSA key in PEM without a password', 1);
  }
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, bytes).toString();
  } catch {
    throw new FunctionError('the text cannot be decrypted with this key', 0);
  }
}

/** RFC 9562's own names for what a name may be of. */
const spaces: Readonly<Record<string, string>> = {
  dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
};

function uuidFrom(space: string, name: string): string {
  const known = Object.hasOwn(spaces, space) ? spaces[space]! : space;
  const plain = known.replace(/^urn:uuid:|^\{|\}$/gi, '').replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(plain))
    throw new FunctionError(`${JSON.stringify(space)} is neither dns, url, oid, x500 nor a UUID`, 0);
  const bytes = createHash('sha1').update(Buffer.from(plain, 'hex')).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { evaluate } from './evaluate.ts';
import { standardFunctions } from './functions/standard.ts';
import { jsonText } from './json-value.ts';
import { HclMistake } from './mistake.ts';
import { parseSingleExpression } from './parse.ts';
import { scopeWith, type Scope } from './scope.ts';
import { string } from './type.ts';
import { list, num, text, type Value } from './value.ts';

const functions = standardFunctions({ env: { HOME: '/home/ada' }, clock: () => Date.UTC(2024, 1, 29, 12) });
const scope: Scope = {
  variable: () => undefined,
  function: (name) => (Object.hasOwn(functions, name) ? functions[name] : undefined),
  names: () => ['TAG'],
  functionNames: () => Object.keys(functions),
};

function valueOf(written: string, variables: Readonly<Record<string, Value>> = {}): Value {
  const source = { file: 'x.hcl', text: written };
  return evaluate(parseSingleExpression(source), source, scopeWith(scope, new Map(Object.entries(variables))));
}

function mistakesOf(written: string): readonly string[] {
  try {
    valueOf(written);
  } catch (error) {
    assert.ok(error instanceof HclMistake, String(error));
    return error.problems.map(({ message, hint, span }) => `${span.start}: ${message}${hint ? ` (${hint})` : ''}`);
  }
  return [];
}

test('expressions are worth what docker buildx bake says', () => {
  // Recorded with buildx: `jsonencode(try({ok=EXPRESSION}, "!ERR"))`, or `!SYNTAX` where it gave up on the file.
  const path = new URL('recorded.fixture.json', import.meta.url);
  const recorded = JSON.parse(readFileSync(path, 'utf8')) as readonly (readonly [string, string])[];
  assert.ok(recorded.length > 500);
  const differing = recorded.flatMap(([expression, wanted]) => {
    let found: unknown;
    try {
      found = valueOf(`jsonencode(try({ok=${expression}}, "!ERR"))`).is;
    } catch (error) {
      assert.ok(error instanceof HclMistake, String(error));
      found = '!SYNTAX';
    }
    return found === wanted ? [] : [{ expression, wanted, found }];
  });
  assert.deepEqual(differing, []);
});

test('there are all functions of bake', () => {
  assert.equal(Object.keys(functions).length, 106);
});

test('functions of the clock, the home and chance', () => {
  assert.equal(valueOf('timestamp()').is, '2024-02-29T12:00:00Z');
  assert.equal(valueOf('homedir()').is, '/home/ada');
  assert.match(String(valueOf('uuidv4()').is), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(String(valueOf('bcrypt("secret", 4)').is), /^\$2a\$04\$[./A-Za-z0-9]{53}$/);
});

test('a text is decrypted with an RSA key', async () => {
  const { generateKeyPairSync, publicEncrypt, constants } = await import('node:crypto');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const cipher = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.from('hidden'));
  const key = text(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  assert.equal(valueOf('rsadecrypt(c, k)', { c: text(cipher.toString('base64')), k: key }).is, 'hidden');
});

test('variables are looked up, and near names suggested', () => {
  assert.equal(
    jsonText(valueOf('[for x in xs : "${x}-${n}"]', { xs: list(string, [text('a')]), n: num(2) })),
    '["a-2"]',
  );
  assert.deepEqual(mistakesOf('TAGG'), ['0: there is no variable TAGG (did you mean TAG?)']);
  assert.deepEqual(mistakesOf('uper("x")'), ['0: there is no function uper (did you mean upper?)']);
  assert.deepEqual(mistakesOf('{ name = 1 }.nmae'), ['12: there is no "nmae" in it (did you mean name?)']);
});

test('all mistakes of an expression are found, each at its place', () => {
  assert.deepEqual(mistakesOf('[a, upper(null), 1 + "x"]'), [
    '1: there is no variable a',
    '10: upper cannot take null as str',
    '21: + cannot take this: a number is required',
  ]);
  assert.deepEqual(mistakesOf('replace("a", "b")'), ['0: replace takes 3 arguments; replace is missing']);
  assert.deepEqual(mistakesOf('[1, 2][5]'), ['6: there is no element 5: the list has 2 elements, counted from 0']);
});

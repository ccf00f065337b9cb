import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redaction } from './redact.ts';

const hidden = (...words: string[]) => new Redaction(words).words(words).join(' ');

test('values of arguments whose names say that they are secret are hidden, wherever they stand', () => {
  assert.equal(hidden('--build-arg', 'NPM_TOKEN=abc', '.'), '--build-arg NPM_TOKEN=*** .');
  assert.equal(hidden('--build-arg=API_KEY=a=b'), '--build-arg=API_KEY=***');
  assert.equal(hidden('--set', 'api-*.args.DB_PASSWORD=x y'), '--set api-*.args.DB_PASSWORD=***');
  assert.equal(hidden('--var', 'githubToken=x'), '--var githubToken=***');
  assert.equal(
    hidden('--cache-to', 'type=s3,bucket=b,secret_access_key=SSS,session_token=TTT,region=r'),
    '--cache-to type=s3,bucket=b,secret_access_key=***,session_token=***,region=r',
  );
  assert.equal(
    hidden('--build-arg', 'DB_PWD=x', '--build-arg=GH_PAT=y', '--set', 'api.args.PAT=z', '--build-arg', 'SSH_KEY=k'),
    '--build-arg DB_PWD=*** --build-arg=GH_PAT=*** --set api.args.PAT=*** --build-arg SSH_KEY=***',
  );
  assert.equal(new Redaction([], [['build-arg:PAT', 'ghp_12345']]).text('curl ghp_12345'), 'curl ***');
  const { text } = new Redaction(['--build-arg', 'NPM_TOKEN=npm_12345']);
  assert.equal(text.call(new Redaction(['--build-arg', 'NPM_TOKEN=npm_12345']), 'ENV T=npm_12345'), 'ENV T=***');
});

test('what says where a secret is stays, and so does what is none', () => {
  const words = [
    'build',
    '--secret',
    'id=API_KEY,src=key.txt',
    '--secret',
    'id=token,env=TOKEN',
    '--ssh',
    'default=/a',
  ];
  assert.equal(hidden(...words), words.join(' '));
  assert.equal(hidden('--build-arg', 'VERSION=1', '--label', 'author=me'), '--build-arg VERSION=1 --label author=me');
});

test('credentials in URLs are hidden', () => {
  assert.equal(hidden('https://me:pw@git.example.com/x.git#main'), 'https://xxxxx@git.example.com/x.git#main');
  assert.equal(hidden('--build-context', 'src=https://tok@h/x'), '--build-context src=https://xxxxx@h/x');
  assert.equal(new Redaction([]).text('GET https://a:b@c@host/p failed'), 'GET https://xxxxx@host/p failed');
});

test('values that a config gives are hidden in all texts, and short words are left alone', () => {
  const redaction = new Redaction(
    [],
    [
      ['build-arg:DEPLOY_TOKEN', 'tok-123456'],
      ['build-arg:AUTH', 'on'],
      ['target', 'x'],
    ],
  );
  assert.equal(redaction.text('RUN curl -H tok-123456 on x'), 'RUN curl -H *** on x');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsText } from './hosts.ts';
import { resolvText } from './resolv.ts';

const source = [
  '# a comment',
  'nameserver 127.0.0.1',
  'nameserver 10.0.0.1',
  'nameserver fe80::1%eth0',
  'nameserver nonsense',
  'domain old.test',
  'search a.test b.test',
  'options edns0',
  'options ndots:2',
  'sortlist 1.2.3.4',
].join('\n');

test("on the machine's network its servers stay, whatever they are", () => {
  assert.equal(
    resolvText(source, 'host'),
    'nameserver 127.0.0.1\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nsearch a.test b.test\noptions edns0 ndots:2\nsortlist 1.2.3.4\n',
  );
});

test('in a network of its own servers on loopback are of no use', () => {
  assert.match(resolvText(source, 'own'), /^nameserver 10\.0\.0\.1\nnameserver fe80::1%eth0\nsearch/);
  const servers =
    'nameserver 8.8.8.8\nnameserver 8.8.4.4\nnameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n';
  assert.equal(resolvText('nameserver 127.0.0.53\nnameserver ::1\n', 'own'), servers);
  assert.equal(resolvText('', 'host'), servers);
});

test('what was set replaces what the machine has', () => {
  const dns = { nameservers: ['127.0.0.9'], search: ['.', 'c.test'], options: ['rotate'] };
  assert.equal(
    resolvText(source, 'own', dns),
    'nameserver 127.0.0.9\nsearch c.test\noptions rotate\nsortlist 1.2.3.4\n',
  );
});

test('hosts names the container, and more where asked', () => {
  assert.equal(hostsText('', []), '127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n');
  assert.equal(
    hostsText('own', [{ host: 'db.test', ip: '10.1.2.3' }]),
    '127.0.0.1\tlocalhost own\n::1\tlocalhost ip6-localhost ip6-loopback\n10.1.2.3\tdb.test\n',
  );
});

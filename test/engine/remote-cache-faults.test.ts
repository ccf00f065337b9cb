// A cache that is gone, slow, closed or lies: whatever its registry does, the build goes on and says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '../../packages/engine/src/oci/manifest.ts';
import { FaultRegistry } from '../rig/fault-registry.ts';
import { Place } from '../rig/machines.ts';
import type { FaultSpec } from '../rig/registry-fault.ts';

/** No container is needed to see whether a step ran. */
const copying = { Dockerfile: 'FROM scratch\nCOPY input /made', input: 'text' };

function copied({ ran }: { readonly ran: readonly string[] }): number {
  return ran.filter((name) => name.includes('COPY')).length;
}

/** Long enough for whoever answers; waited for only by what doesn't, or is tried again and again. */
const brief = ',timeout=3s';

function patience({ kind, ...spec }: FaultSpec): string {
  const again =
    kind === 'hold' || kind === 'break-off' || ('status' in spec && (spec.status === 429 || spec.status >= 500));
  return again ? brief : '';
}

/** A registry with TLS and tokens, and a cache in it. */
class Cached implements AsyncDisposable {
  readonly place = new Place(copying);
  readonly registry: FaultRegistry;
  #machines = 0;

  static async open(): Promise<Cached> {
    const cached = new Cached(await FaultRegistry.open());
    try {
      const { warnings } = await cached.build(cached.to());
      assert.deepEqual(warnings, []);
      return cached;
    } catch (error) {
      await cached[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(registry: FaultRegistry) {
    this.registry = registry;
  }

  to(options = ''): readonly string[] {
    return ['--cache-to', `type=registry,ref=${this.ref}${options}`];
  }

  from(options = ''): readonly string[] {
    return ['--cache-from', `type=registry,ref=${this.ref}${options}`];
  }

  get ref(): string {
    return `${this.registry.host}/team/cache:main`;
  }

  /** On a machine that knows nothing, unless it is named. */
  build(flags: readonly string[], machine = `machine-${this.#machines++}`) {
    return this.place.build(machine, flags, { env: this.registry.env, registries: this.registries });
  }

  get registries() {
    return { [this.registry.host]: { ca: [this.registry.ca] } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.place[Symbol.dispose]();
    await this.registry[Symbol.asyncDispose]();
  }
}

test('a registry with tokens and TLS serves whoever may, and tells others', async () => {
  await using cached = await Cached.open();
  assert.equal(copied(await cached.build(cached.from())), 0);
  const { registries } = cached;
  const stranger = await cached.place.build('one', cached.from(), { env: { DOCKER_CONFIG: '/nowhere' }, registries });
  assert.equal(copied(stranger), 1);
  assert.match(stranger.warnings.join(), /this cache is left out: /);
});

test('a build that finds everything here asks no cache, however slow that is', async () => {
  await using cached = await Cached.open();
  await cached.build(cached.from(), 'one');
  cached.registry.log.length = 0;
  cached.registry.fault({ on: /./, kind: 'hold', times: 1000 });
  const again = await cached.build([...cached.from(), ...cached.from(',timeout=1h')], 'one');
  assert.deepEqual([cached.registry.log, again.warnings, copied(again)], [[], [], 0]);
  // Nor does one whose context has changed where no step looks.
  cached.place.write({ other: 'nobody copies this' });
  const edited = await cached.build(cached.from(), 'one');
  assert.deepEqual([cached.registry.log, edited.warnings, copied(edited)], [[], [], 0]);
});

test('what breaks once is tried again', async () => {
  await using cached = await Cached.open();
  const once: readonly FaultSpec[] = [
    { on: /^(?:GET|HEAD) .*\/manifests\//, kind: 'break-off' },
    { on: /^GET .*\/blobs\//, kind: 'break-off', after: 20 },
    { on: /^GET .*\/manifests\//, kind: 'status', status: 429, headers: { 'retry-after': '0' } },
    { on: /^GET .*\/blobs\//, kind: 'status', status: 500 },
  ];
  for (const spec of once) {
    const fault = cached.registry.fault(spec);
    const built = await cached.build(cached.from());
    assert.deepEqual([fault.hits, copied(built), built.warnings], [1, 0, []], String(spec.kind));
  }
});

test('what stays broken is told with the name of the cache, and the step runs', async () => {
  const manifests = /^(?:GET|HEAD) .*\/manifests\//;
  const blobs = /^GET .*\/blobs\//;
  const broken: readonly (readonly [spec: FaultSpec, message: RegExp])[] = [
    [{ on: manifests, kind: 'status', status: 401 }, /left out/],
    [{ on: manifests, kind: 'status', status: 403 }, /left out/],
    [{ on: manifests, kind: 'status', status: 404 }, /left out: .* does not exist/],
    [{ on: manifests, kind: 'status', status: 429, headers: { 'retry-after': '60' } }, /left out: .* has not answered/],
    [{ on: manifests, kind: 'status', status: 500 }, /left out: .* has not answered/],
    [{ on: manifests, kind: 'hold' }, /left out: .*team\/cache:main has not answered for 3 s/],
    [{ on: manifests, kind: 'break-off' }, /left out: .* has not answered/],
    [{ on: manifests, kind: 'wrong-digest' }, /left out/],
    [{ on: manifests, kind: 'wrong-size', by: 7 }, /left out/],
    [{ on: blobs, kind: 'hold', after: 10 }, /has not answered/],
    [{ on: blobs, kind: 'break-off', after: 0 }, /has not answered/],
    [{ on: blobs, kind: 'wrong-digest' }, /left out/],
    [{ on: blobs, kind: 'wrong-size', by: -1 }, /left out/],
  ];
  await using cached = await Cached.open();
  for (const [spec, message] of broken) {
    const fault = cached.registry.fault({ ...spec, times: 1000 });
    const built = await cached.build(cached.from(patience(spec)));
    const what = `${spec.kind} ${String(spec.on)} ${built.warnings.join()}`;
    assert.ok(fault.hits > 0, what);
    assert.equal(copied(built), 1, what);
    assert.match(built.warnings.join(), message, what);
    assert.ok(built.response.digest);
    cached.registry.mend();
  }
});

test('a layer that is not what was promised, or stands still, is no result', async () => {
  await using cached = await Cached.open();
  const manifest = JSON.parse(String(Buffer.from(cached.registry.manifests.get('team/cache:main')!.bytes)));
  const on = new RegExp(`^GET .*/blobs/${(manifest as Manifest).layers[0]!.digest}`);
  const wrongs: readonly FaultSpec[] = [
    { on, kind: 'wrong-digest' },
    { on, kind: 'wrong-size', by: 3 },
    { on, kind: 'wrong-size', by: -3 },
    { on, kind: 'status', status: 404 },
    { on, kind: 'hold', after: 10 },
  ];
  for (const spec of wrongs) {
    cached.registry.fault({ ...spec, times: 1000 });
    const built = await cached.build(cached.from(patience(spec)));
    assert.equal(copied(built), 1, spec.kind);
    assert.match(built.warnings.join(), /a result cannot be taken from this cache, its step runs if it has to: /);
    cached.registry.mend();
  }
});

test('an export that fails is told and leaves the image alone, unless the build is to fail', async () => {
  await using cached = await Cached.open();
  const wrongs: readonly FaultSpec[] = [
    { on: /^PUT .*\/manifests\//, kind: 'status', status: 403 },
    { on: /^PUT .*\/manifests\//, kind: 'hold' },
  ];
  for (const spec of wrongs) {
    cached.registry.fault({ ...spec, times: 1000 });
    const built = await cached.build(cached.to(patience(spec)));
    assert.match(built.warnings.join(), /the cache is not exported: /);
    assert.ok(built.response.digest);
    const failing = cached.to(`${patience(spec)},ignore-error=false`);
    await assert.rejects(cached.build(failing), /team\/cache|has not answered/);
    cached.registry.mend();
  }
});

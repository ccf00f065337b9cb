import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempFolder, type TempFolder } from '../../packages/engine/src/std/temp.ts';
import { program } from './program.ts';
import { TestRegistry } from './registry.ts';

/** Who is let in. */
export const robot = { username: 'robot', password: 'correct horse' };

/**
 * A registry as companies have them: TLS by an authority that nobody else knows, and bearer tokens for whoever has a
 * password. Requests are broken by `registry.fault({ on: /^GET .*\/blobs\//, kind: 'break-off', after: 100 })`.
 */
export class FaultRegistry extends TestRegistry {
  /** The authority's certificate, a PEM file. */
  readonly ca: string;
  /** A `DOCKER_CONFIG` folder of somebody who did `docker login`. */
  readonly dockerConfig: string;
  readonly #folder: TempFolder;

  static override async open(): Promise<FaultRegistry> {
    const folder = makeTempFolder({ prefix: 'fault-registry-' });
    await makeCertificates(folder.path);
    const registry = new FaultRegistry(folder);
    await registry.listen();
    const config = join(folder.path, 'docker');
    mkdirSync(config);
    const auth = Buffer.from(`${robot.username}:${robot.password}`).toString('base64');
    writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    return registry;
  }

  protected constructor(folder: TempFolder) {
    const read = (name: string) => readFileSync(join(folder.path, name), 'utf8');
    super({ key: read('key.pem'), cert: read('cert.pem') });
    this.#folder = folder;
    this.ca = join(folder.path, 'ca.pem');
    this.dockerConfig = join(folder.path, 'docker');
    this.manners.auth = { kind: 'bearer', ...robot };
  }

  /** Environment in which the command line, skopeo and others know the authority and the password. */
  get env(): Readonly<Record<string, string>> {
    const login = { DOCKER_CONFIG: this.dockerConfig, REGISTRY_AUTH_FILE: join(this.dockerConfig, 'config.json') };
    return { ...login, NODE_EXTRA_CA_CERTS: this.ca, SSL_CERT_FILE: this.ca };
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** An authority (`ca.pem`) and what it vouches for: `cert.pem` with `key.pem`, for loopback. */
async function makeCertificates(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name);
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await program('openssl', [...made, '-subj', '/CN=tests', '-keyout', at('ca-key.pem'), '-out', at('ca.pem')]);
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const signed = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca-key.pem'),
    '-addext',
    names,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  ];
  await program('openssl', [
    ...made,
    ...signed,
    '-subj',
    '/CN=registry',
    '-keyout',
    at('key.pem'),
    '-out',
    at('cert.pem'),
  ]);
}

import { digestSet } from '../attestation/attestation.ts';
import type { Capture, Material } from '../attestation/capture.ts';
import { withoutCredentials } from '../attestation/redact.ts';
import { contextKey, type ConfigSource } from '../attestation/request-parameters.ts';
import { readGitReference } from '../frontend/dockerfile/git-reference.ts';
import type { SourceOp } from '../llb/source.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { parseReference } from '../oci/reference.ts';
import { pinSource } from '../ops/source.ts';
import type { Job } from '../session/job.ts';
import { readGitIdentifier } from '../source/git-identifier.ts';
import type { Parts } from './parts.ts';

/** What a source op read, settled as it was for the build: sources remember what they told a session. */
export async function materialOf(op: SourceOp, vertex: Digest, parts: Parts, job: Job): Promise<Material> {
  const at = op.identifier.indexOf('://');
  const [scheme, name] = [op.identifier.slice(0, at), op.identifier.slice(at + 3)];
  const pin = async () => (await pinSource(op, vertex, parts, job)).pin;
  switch (scheme) {
    case 'local':
      return { kind: 'local', name };
    case 'git': {
      const asked = readGitIdentifier({ scheme, name, attrs: Object.fromEntries(op.attrs), vertex });
      const secrets = [asked.authTokenSecret, asked.authHeaderSecret].filter((id) => id !== '');
      const lent = {
        secrets: new Map(secrets.map((id) => [id, true])),
        ssh: new Map(asked.sshSocket === '' ? [] : [[asked.sshSocket, true]]),
      };
      const url = `${asked.remote}${asked.ref === '' ? '' : `#${asked.ref}`}`;
      return { kind: 'git', url, commit: await pin(), lent };
    }
    case 'http':
    case 'https':
      return { kind: 'http', url: op.identifier, digest: (await pin()) as Digest };
    default: {
      const { digest } = parseReference(name);
      const { platform } = op;
      const pinned = digest ?? (await pin());
      if (!isDigest(pinned)) throw new Error(`${op.identifier} is pinned to ${pinned}, which is no digest`);
      const local = scheme === 'oci-layout';
      return { kind: 'image', reference: name, digest: pinned, local, ...(platform && { platform }) };
    }
  }
}

/** The main context, if it is no folder: by its digest where it is among what was read. And the Dockerfile's path. */
export function configSource(args: Readonly<Record<string, string>>, { git, http }: Capture): ConfigSource {
  const address = args[contextKey(args)] ?? '';
  const path = args['filename'];
  const file = path ? { path } : {};
  if (address === '') return file;
  const repository = readGitReference(address);
  if (repository) {
    const { remote, ref, subdir } = repository;
    const fragment = (below: string) => (ref !== '' || below !== '' ? `#${ref}${below === '' ? '' : `:${below}`}` : '');
    const found = git.find(({ url }) => url === withoutCredentials(`${remote}${fragment('')}`));
    const uri = withoutCredentials(`${remote}${fragment(subdir)}`);
    if (!found) return { uri, ...file };
    return { uri, digest: { [found.commit.length === 64 ? 'sha256' : 'sha1']: found.commit }, ...file };
  }
  const uri = withoutCredentials(address);
  const found = http.find(({ url }) => url === uri);
  return { uri, ...(found && { digest: digestSet(found.digest) }), ...file };
}

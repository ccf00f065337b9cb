import { createRequire } from 'node:module';
import { digestOf, encoded } from '../../oci/digest.ts';
import { predicateTypes, type Attestation, type ResultTold } from '../attestation.ts';
import { packagePurl } from '../purl.ts';
import type { Distribution, FoundPackage, ScannedTree } from './found-package.ts';
import { Licenses } from './licenses.ts';

/** What a tree holds, as an SPDX document. `name` is `sbom`, or `sbom-<stage>` for what is not in the result. */
export function sbom(scanned: ScannedTree, name: string): Attestation {
  return {
    predicateType: predicateTypes.spdx,
    filename: `${name}.spdx.json`,
    inlineOnly: false,
    predicate: (result) => spdxDocument(scanned, name, result),
  };
}

/** SPDX 2.3 as JSON. The same tree of the same result gives the same document. */
export function spdxDocument(
  { packages, distribution }: ScannedTree,
  name: string,
  { digest, created = 0 }: Pick<ResultTold, 'digest' | 'created'>,
): Readonly<Record<string, unknown>> {
  const licenses = new Licenses();
  const root = {
    SPDXID: 'SPDXRef-DocumentRoot',
    name: name.replace(/^sbom-?/, '') || 'image',
    ...(digest && { versionInfo: digest }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    ...(digest?.startsWith('sha256:') && { checksums: [{ algorithm: 'SHA256', checksumValue: encoded(digest) }] }),
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    ...(distribution?.prettyName && { comment: distribution.prettyName }),
    primaryPackagePurpose: 'CONTAINER',
  };
  const listed = packages.map((each) => spdxPackage(each, distribution, licenses));
  const relationships = [
    relationship('SPDXRef-DOCUMENT', 'DESCRIBES', root.SPDXID),
    ...listed.map(({ SPDXID }) => relationship(root.SPDXID, 'CONTAINS', SPDXID)),
  ];
  const identity = encoded(digestOf(JSON.stringify([root, listed]))).slice(0, 32);
  const { extracted } = licenses;
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(name)}-${identity}`,
    creationInfo: {
      created: new Date(created * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: ['Organization: monokit', `Tool: monokit-${monokitVersion()}`],
    },
    packages: [root, ...listed],
    ...(extracted.length > 0 && { hasExtractedLicensingInfos: extracted }),
    relationships,
  };
}

function spdxPackage(found: FoundPackage, distribution: Distribution | undefined, licenses: Licenses) {
  const purl = purlOf(found, distribution);
  const { type, name, version, foundIn, homepage, maintainer, license } = found;
  const id = `${type}-${name}-${encoded(digestOf(purl)).slice(0, 16)}`.replaceAll(/[^A-Za-z0-9.]+/g, '-');
  const who = maintainer === undefined ? 'NOASSERTION' : agent(maintainer);
  return {
    SPDXID: `SPDXRef-Package-${id}`,
    name,
    versionInfo: version,
    ...(type === 'npm' ? { originator: who } : { supplier: who }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    ...(homepage && URL.canParse(homepage) && { homepage }),
    sourceInfo: `found in ${foundIn}`,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: licenses.expression(license),
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

/** The package's URL, of a distribution's with what was built from the same source. */
export function purlOf(
  { type, name, version, architecture, origin }: FoundPackage,
  distribution?: Distribution,
): string {
  if (type === 'npm') {
    const slash = name.indexOf('/');
    const namespace = slash < 0 ? undefined : name.slice(0, slash);
    return packagePurl({ type, namespace, name: name.slice(slash + 1), version });
  }
  const id = distribution?.id ?? (type === 'deb' ? 'debian' : 'alpine');
  const upstream = origin && (origin.version === undefined ? origin.name : `${origin.name}@${origin.version}`);
  return packagePurl({
    type,
    namespace: id,
    name,
    version,
    qualifiers: {
      ...(architecture && { arch: architecture }),
      ...(upstream && { upstream }),
      ...(distribution?.version && { distro: `${id}-${distribution.version}` }),
    },
  });
}

/** `Person: Name (address)`, from `Name <address>`. */
function agent(person: string): string {
  const [, name = person, address] = /^\s*(.*?)\s*<([^>]*)>/.exec(person) ?? [];
  const shown = name.replaceAll(/[\s()]+/g, ' ').trim();
  return `Person: ${shown || 'unknown'}${address ? ` (${address})` : ''}`;
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

let known: string | undefined;

export function monokitVersion(): string {
  return (known ??= (createRequire(import.meta.url)('../../../package.json') as { version: string }).version);
}

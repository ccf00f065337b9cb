// The rules of SPDX 2.3's JSON schema (spdx-schema.json) and of its specification for what our documents have in them.

import assert from 'node:assert/strict';
import parse from 'spdx-expression-parse';

type Json = Readonly<Record<string, unknown>>;

/** Fails on the first rule that a document breaks. */
export function checkSpdx(document: Json): void {
  members(document, {
    required: ['spdxVersion', 'dataLicense', 'SPDXID', 'name', 'documentNamespace', 'creationInfo'],
    optional: ['packages', 'relationships', 'hasExtractedLicensingInfos', 'comment'],
  });
  assert.equal(document['spdxVersion'], 'SPDX-2.3');
  assert.equal(document['dataLicense'], 'CC0-1.0');
  assert.equal(document['SPDXID'], 'SPDXRef-DOCUMENT');
  const namespace = new URL(text(document['documentNamespace']));
  assert.equal(namespace.hash, '', 'a namespace has no fragment');

  const info = document['creationInfo'] as Json;
  members(info, { required: ['created', 'creators'], optional: [] });
  assert.match(text(info['created']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.ok((info['creators'] as string[]).length > 0);
  for (const creator of info['creators'] as string[]) assert.match(creator, /^(Person|Organization|Tool): \S/);

  const own = new Set<string>();
  for (const license of (document['hasExtractedLicensingInfos'] ?? []) as Json[]) {
    members(license, { required: ['licenseId', 'extractedText'], optional: ['name', 'comment'] });
    const id = text(license['licenseId']);
    assert.match(id, /^LicenseRef-[A-Za-z0-9.-]+$/);
    assert.ok(!own.has(id));
    own.add(id);
  }

  const ids = new Set(['SPDXRef-DOCUMENT']);
  for (const each of document['packages'] as Json[]) checkPackage(each, ids, own);
  const described = new Set<unknown>();
  for (const each of document['relationships'] as Json[]) {
    members(each, { required: ['spdxElementId', 'relationshipType', 'relatedSpdxElement'], optional: ['comment'] });
    for (const end of ['spdxElementId', 'relatedSpdxElement'])
      assert.ok(ids.has(text(each[end])), `${each[end]} is there`);
    assert.ok(['DESCRIBES', 'CONTAINS'].includes(text(each['relationshipType'])));
    if (each['relationshipType'] === 'DESCRIBES') described.add(each['relatedSpdxElement']);
  }
  assert.equal(described.size, 1, 'a document says what it describes');
}

function checkPackage(found: Json, ids: Set<string>, own: ReadonlySet<string>): void {
  members(found, {
    required: ['SPDXID', 'name', 'downloadLocation'],
    optional: [
      ...['versionInfo', 'supplier', 'originator', 'filesAnalyzed', 'checksums', 'homepage', 'sourceInfo', 'comment'],
      ...['licenseConcluded', 'licenseDeclared', 'copyrightText', 'externalRefs', 'primaryPackagePurpose'],
    ],
  });
  const id = text(found['SPDXID']);
  assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
  assert.ok(!ids.has(id), `${id} is there once`);
  ids.add(id);
  assert.ok(text(found['name']).length > 0);
  assert.equal(found['downloadLocation'], 'NOASSERTION');
  assert.equal(typeof found['filesAnalyzed'], 'boolean');
  for (const who of ['supplier', 'originator']) {
    if (found[who] !== undefined)
      assert.match(text(found[who]), /^(NOASSERTION|(Person|Organization): [^()]+( \(\S+\))?)$/);
  }
  if (found['homepage'] !== undefined) assert.ok(URL.canParse(text(found['homepage'])));
  for (const key of ['licenseConcluded', 'licenseDeclared']) checkLicense(text(found[key]), own);
  for (const checksum of (found['checksums'] ?? []) as Json[]) {
    members(checksum, { required: ['algorithm', 'checksumValue'], optional: [] });
    assert.equal(checksum['algorithm'], 'SHA256');
    assert.match(text(checksum['checksumValue']), /^[0-9a-f]{64}$/);
  }
  for (const reference of (found['externalRefs'] ?? []) as Json[]) {
    members(reference, { required: ['referenceCategory', 'referenceType', 'referenceLocator'], optional: ['comment'] });
    assert.equal(reference['referenceCategory'], 'PACKAGE-MANAGER');
    assert.equal(reference['referenceType'], 'purl');
    assert.match(text(reference['referenceLocator']), /^pkg:(deb|apk|npm)\/[^\s?]+@[^\s?]+(\?\S+)?$/);
  }
  const purposes = ['APPLICATION', 'FRAMEWORK', 'LIBRARY', 'CONTAINER', 'OPERATING-SYSTEM'];
  if (found['primaryPackagePurpose'] !== undefined) assert.ok(purposes.includes(text(found['primaryPackagePurpose'])));
}

function checkLicense(expression: string, own: ReadonlySet<string>): void {
  if (expression === 'NOASSERTION' || expression === 'NONE') return;
  parse(expression);
  for (const [reference] of expression.matchAll(/LicenseRef-[A-Za-z0-9.-]+/g)) assert.ok(own.has(reference), reference);
}

function members(object: Json, { required, optional }: { required: readonly string[]; optional: readonly string[] }) {
  for (const name of required) assert.ok(name in object, `${name} is missing`);
  for (const name of Object.keys(object)) assert.ok([...required, ...optional].includes(name), `${name} is no member`);
}

function text(value: unknown): string {
  assert.equal(typeof value, 'string');
  return value as string;
}

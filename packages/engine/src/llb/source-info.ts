import type { Digest } from '../oci/digest.ts';
import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { decodeDefinition, encodeDefinition, type Definition } from './definition.ts';
import type { SourcePosition, SourceRange } from './source-map.ts';

/** A definition's source maps: the texts, and for each op its places in them. */
export interface DefinitionSource {
  readonly locations: ReadonlyMap<Digest, readonly OpLocation[]>;
  readonly infos: readonly SourceInfo[];
}

/** A text by value. */
export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
  readonly language: string;
  readonly definition?: Definition;
}

export interface OpLocation {
  /** Index into the infos. */
  readonly sourceIndex: number;
  readonly ranges: readonly SourceRange[];
}

export function encodeSourceInfos(writer: Writer, source: DefinitionSource): void {
  writer.map(1, source.locations, encodeLocationsValue);
  writer.messages(2, source.infos, encodeInfo);
}

export function decodeSourceInfos(reader: Reader): DefinitionSource {
  const locations = new Map<string, readonly OpLocation[]>();
  const infos: SourceInfo[] = [];
  while (reader.next()) {
    if (reader.field === 1) reader.entry(locations, readLocations, () => []);
    else if (reader.field === 2) infos.push(reader.message(decodeInfo));
  }
  return { locations: locations as Map<Digest, readonly OpLocation[]>, infos };
}

function encodeLocationsValue(writer: Writer, locations: readonly OpLocation[]): void {
  writer.message(2, locations, encodeLocations);
}

function encodeLocations(writer: Writer, locations: readonly OpLocation[]): void {
  writer.messages(1, locations, encodeLocation);
}

function encodeLocation(writer: Writer, { sourceIndex, ranges }: OpLocation): void {
  writer.int(1, sourceIndex);
  writer.messages(2, ranges, encodeRange);
}

export function encodeRange(writer: Writer, { start, end }: SourceRange): void {
  writer.message(1, start, encodePosition);
  writer.message(2, end, encodePosition);
}

function encodePosition(writer: Writer, { line, character }: SourcePosition): void {
  writer.int(1, line);
  writer.int(2, character);
}

export function encodeInfo(writer: Writer, info: SourceInfo): void {
  writer.string(1, info.filename);
  writer.bytes(2, info.data);
  writer.message(3, info.definition, encodeDefinition);
  writer.string(4, info.language);
}

function readLocations(reader: Reader): readonly OpLocation[] {
  return reader.message(decodeLocations);
}

function decodeLocations(reader: Reader): readonly OpLocation[] {
  const locations: OpLocation[] = [];
  while (reader.next()) if (reader.field === 1) locations.push(reader.message(decodeLocation));
  return locations;
}

function decodeLocation(reader: Reader): OpLocation {
  let sourceIndex = 0;
  const ranges: SourceRange[] = [];
  while (reader.next()) {
    if (reader.field === 1) sourceIndex = reader.int32();
    else if (reader.field === 2) ranges.push(reader.message(decodeRange));
  }
  return { sourceIndex, ranges };
}

const nowhere: SourcePosition = { line: 0, character: 0 };

export function decodeRange(reader: Reader): SourceRange {
  let [start, end] = [nowhere, nowhere];
  while (reader.next()) {
    if (reader.field === 1) start = reader.message(decodePosition);
    else if (reader.field === 2) end = reader.message(decodePosition);
  }
  return { start, end };
}

function decodePosition(reader: Reader): SourcePosition {
  let [line, character] = [0, 0];
  while (reader.next()) {
    if (reader.field === 1) line = reader.int32();
    else if (reader.field === 2) character = reader.int32();
  }
  return { line, character };
}

export function decodeInfo(reader: Reader): SourceInfo {
  let [filename, language] = ['', ''];
  let data: Uint8Array = new Uint8Array();
  let definition: Definition | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        filename = reader.string();
        break;
      case 2:
        data = reader.bytes();
        break;
      case 3:
        definition = reader.message(decodeDefinition);
        break;
      case 4:
        language = reader.string();
        break;
    }
  }
  return { filename, data, language, ...(definition && { definition }) };
}

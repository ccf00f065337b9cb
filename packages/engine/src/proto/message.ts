// Messages as tables of their fields: one description gives the type and both directions. For messages that are many
// and small; those of LLB, where order and defaults are part of a digest, are written out (llb/).

import { decode, type Read, type Reader } from './reader.ts';
import { encode, type Write, type Writer } from './writer.ts';

/** How messages of one type are written and read. What is left out when writing is what reading gives for nothing. */
export interface Message<T> {
  readonly write: Write<Partial<T>>;
  readonly read: Read<T>;
}

export type MessageOf<M> = M extends Message<infer T> ? T : never;

/** How a field of one type is written and read. */
export interface Field<T> {
  readonly absent: () => T;
  /** `before` is what earlier occurrences of the field gave. */
  readonly read: (reader: Reader, before: T) => T;
  readonly write: (writer: Writer, field: number, value: T) => void;
}

/** A field of whatever type. */
interface SomeField {
  readonly absent: () => unknown;
  readonly read: (reader: Reader, before: never) => unknown;
  readonly write: (writer: Writer, field: number, value: never) => void;
}

type Fields = Readonly<Record<string, readonly [number: number, field: SomeField]>>;
type ValuesOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends readonly [number, { readonly absent: () => infer T }] ? T : never;
};

/** A message by its fields: `message({ path: [1, string], range: [3, nested(fileRange)] })`. */
export function message<F extends Fields>(fields: F): Message<ValuesOf<F>> {
  type Row = readonly [name: string, number: number, field: Field<unknown>];
  const rows = Object.entries(fields)
    .map(([name, [number, field]]): Row => [name, number, field as unknown as Field<unknown>])
    .sort(([, a], [, b]) => a - b);
  const byNumber = new Map(rows.map((row) => [row[1], row]));
  return {
    write(writer, values) {
      for (const [name, number, field] of rows) {
        const value = (values as Record<string, unknown>)[name];
        if (value !== undefined) field.write(writer, number, value);
      }
    },
    read(reader) {
      const values: Record<string, unknown> = {};
      for (const [name, , field] of rows) values[name] = field.absent();
      while (reader.next()) {
        const row = byNumber.get(reader.field);
        if (row) values[row[0]] = row[2].read(reader, values[row[0]]);
      }
      return values as ValuesOf<F>;
    },
  };
}

/** The bytes of one message. */
export function toBytes<T>(of: Message<T>, value: Partial<T>): Uint8Array {
  return encode(value, of.write);
}

/** Reads bytes as one message. */
export function fromBytes<T>(of: Message<T>, bytes: Uint8Array): T {
  return decode(bytes, of.read);
}

export const string: Field<string> = {
  absent: () => '',
  read: (reader) => reader.string(),
  write: (writer, field, value) => writer.string(field, value),
};

export const bytes: Field<Uint8Array> = {
  absent: () => new Uint8Array(),
  read: (reader) => reader.bytes(),
  write: (writer, field, value) => writer.bytes(field, value),
};

export const bool: Field<boolean> = {
  absent: () => false,
  read: (reader) => reader.bool(),
  write: (writer, field, value) => writer.bool(field, value),
};

export const int32: Field<number> = {
  absent: () => 0,
  read: (reader) => reader.int32(),
  write: (writer, field, value) => writer.int(field, value),
};

export const uint32: Field<number> = { ...int32, read: (reader) => reader.uint32() };

/** An int64 that fits a JavaScript number exactly; one that doesn't is refused. */
export const int64: Field<number> = { ...int32, read: (reader) => reader.int64() };

export const bigint64: Field<bigint> = {
  absent: () => 0n,
  read: (reader) => reader.bigint64(),
  write: (writer, field, value) => writer.int(field, value),
};

/** An enum by names in the order of its numbers from 0; a number beyond them is the first. */
export function oneOf<const N extends readonly [string, ...string[]]>(...names: N): Field<N[number]> {
  return {
    absent: () => names[0],
    read: (reader) => names[reader.int32()] ?? names[0],
    write: (writer, field, value) => writer.int(field, names.indexOf(value)),
  };
}

/** A string that is there or not, even if it is empty: a member of a oneof. */
export const presentString: Field<string | undefined> = {
  absent: () => undefined,
  read: (reader) => reader.string(),
  write: (writer, field, value) => value !== undefined && writer.stringAlways(field, value),
};

export const strings: Field<readonly string[]> = {
  absent: () => [],
  read: (reader, before) => [...before, reader.string()],
  write: (writer, field, values) => writer.strings(field, values),
};

export const byteStrings: Field<readonly Uint8Array[]> = {
  absent: () => [],
  read: (reader, before) => [...before, reader.bytes()],
  write: (writer, field, values) => {
    for (const value of values) writer.bytesAlways(field, value);
  },
};

export const uint32s: Field<readonly number[]> = {
  absent: () => [],
  read(reader, before) {
    const all = [...before];
    reader.int32s(all);
    return all;
  },
  write: (writer, field, values) => writer.packed(field, values),
};

/** A message that is there or not. */
export function nested<T>(of: Message<T>): Field<T | undefined> {
  return {
    absent: () => undefined,
    read: (reader) => reader.message(of.read),
    write: (writer, field, value) => writer.message(field, value, of.write),
  };
}

export function repeated<T>(of: Message<T>): Field<readonly T[]> {
  return {
    absent: () => [],
    read: (reader, before) => [...before, reader.message(of.read)],
    write: (writer, field, values) => writer.messages(field, values, of.write),
  };
}

/** A map with string keys. */
export function mapOf<T>(value: Field<T>): Field<ReadonlyMap<string, T>> {
  return {
    absent: () => new Map(),
    read(reader, before) {
      const all = new Map(before);
      reader.entry(
        all,
        (entry) => value.read(entry, value.absent()),
        () => value.absent(),
      );
      return all;
    },
    write: (writer, field, values) => writer.map(field, values, (each, item: T) => value.write(each, 2, item)),
  };
}

/** A map of messages with string keys. */
export function mapOfMessages<T>(of: Message<T>): Field<ReadonlyMap<string, T>> {
  const empty = () => fromBytes(of, new Uint8Array());
  return mapOf({ ...nested(of), absent: empty } as Field<T>);
}

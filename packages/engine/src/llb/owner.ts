import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';

/** Whom a file is to belong to; what is left out stays as it is. */
export interface Owner {
  readonly user?: UserRef;
  readonly group?: UserRef;
}

/** A user or group by number, or by a name that `/etc/passwd` or `/etc/group` of an input knows. */
export type UserRef =
  | { readonly kind: 'id'; readonly id: number }
  | {
      readonly kind: 'name';
      readonly name: string;
      /** Index into the op's inputs; -1 has no files, so no names. */
      readonly input: number;
    };

export function encodeOwner(writer: Writer, { user, group }: Owner): void {
  writer.message(1, user, encodeUser);
  writer.message(2, group, encodeUser);
}

export function decodeOwner(reader: Reader): Owner {
  let user: UserRef | undefined;
  let group: UserRef | undefined;
  while (reader.next()) {
    if (reader.field === 1) user = reader.message(decodeUser);
    else if (reader.field === 2) group = reader.message(decodeUser);
  }
  return { ...(user && { user }), ...(group && { group }) };
}

function encodeUser(writer: Writer, user: UserRef): void {
  if (user.kind === 'name') writer.message(1, user, encodeNamed);
  else writer.intAlways(2, user.id);
}

/** A message that says neither is nobody in particular. */
function decodeUser(reader: Reader): UserRef | undefined {
  let user: UserRef | undefined;
  while (reader.next()) {
    if (reader.field === 1) user = reader.message(decodeNamed);
    else if (reader.field === 2) user = { kind: 'id', id: reader.uint32() };
  }
  return user;
}

function encodeNamed(writer: Writer, { name, input }: UserRef & { readonly kind: 'name' }): void {
  writer.string(1, name);
  writer.int(2, input);
}

function decodeNamed(reader: Reader): UserRef {
  let [name, input] = ['', 0];
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) input = reader.int64();
  }
  return { kind: 'name', name, input };
}

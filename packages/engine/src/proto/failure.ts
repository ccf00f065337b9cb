/** What can go wrong between bytes and messages. */
export type ProtoFailure =
  /** The bytes are no protobuf message, or not one of this type. */
  | { readonly kind: 'proto-malformed'; readonly message: string }
  /** A value that has no form on the wire: a string with lone surrogates, a number out of range. */
  | { readonly kind: 'proto-unwritable'; readonly message: string };

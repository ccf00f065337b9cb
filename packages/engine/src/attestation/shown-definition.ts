import type { Definition } from '../llb/definition.ts';
import { loadDefinition } from '../llb/load.ts';
import { marshalOp, marshalTerminal, type Edge, type Op } from '../llb/op.ts';
import type { Digest } from '../oci/digest.ts';

/** What names the process or session that asked, and nothing that is built. */
const ofSession: ReadonlySet<string> = new Set(['local.session', 'local.unique', 'oci.session']);

/**
 * A definition as others may see it: inputs before what reads them, without what names the session that it was made in,
 * and digested without that, so that equal builds say the same. Its ops' metadata is left out.
 */
export function shownDefinition(definition: Definition): Definition {
  const loaded = loadDefinition(definition);
  if (!loaded) return definition;
  const shown = new Map<Digest, Digest>();
  const changed = ({ digest, index }: Edge): Edge => ({ digest: shown.get(digest)!, index });
  const ops = [...loaded.vertices].map(([digest, { op }]) => {
    const made = marshalOp({ ...withoutSession(op), inputs: op.inputs.map(changed) });
    shown.set(digest, made.digest);
    return made.bytes;
  });
  const { source } = definition;
  return {
    ops: [...ops, marshalTerminal(changed(loaded.head))],
    metadata: new Map(),
    ...(source && {
      source: {
        locations: new Map(
          [...source.locations].flatMap(([digest, places]) => {
            const known = shown.get(digest);
            return known === undefined ? [] : [[known, places] as const];
          }),
        ),
        infos: source.infos.map((info) => ({
          ...info,
          ...(info.definition && { definition: shownDefinition(info.definition) }),
        })),
      },
    }),
  };
}

function withoutSession(op: Op): Op {
  if (op.kind !== 'source') return op;
  return { ...op, attrs: new Map([...op.attrs].filter(([name]) => !ofSession.has(name))) };
}

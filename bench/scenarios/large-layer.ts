import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, type MakeScenario, type Step } from '../scenario.ts';

/** S5: one large layer, built and exported in each compression, for the first time and again. */
export const largeLayer: MakeScenario = ({ layerBytes }) => {
  const size = `${Math.round(layerBytes / 1e6)} MB`;
  const compressions = [
    ['uncompressed', 3.5],
    ['gzip', 14.4],
    ['zstd', 4.6],
  ] as const;
  return [
    {
      id: 'S5',
      title: `a layer of ${size}`,
      write: (dir) => {
        writeMixed(join(dir, 'large'), layerBytes);
        writeFileSync(join(dir, 'Dockerfile'), 'FROM busybox\nCOPY large /large\n');
      },
      steps: [
        { name: 'transfer and build', ours: buildFolder(), docker: { kind: 'build' }, goal: 2.1 },
        ...compressions.flatMap(([compression, goal]): Step[] => {
          const output = `type=oci,dest=../out.tar,compression=${compression},force-compression=true`;
          const ours = buildFolder('--output', output);
          return [
            { name: `oci ${compression}, first`, ours, goal },
            { name: `oci ${compression}, again`, ours },
          ];
        }),
      ],
    },
  ];
};

/** Text like source code, and a third that does not shrink; the same bytes every time. */
function writeMixed(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  try {
    let state = 1;
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
    const words = Array.from({ length: 2000 }, () =>
      random()
        .toString(36)
        .slice(0, 3 + (random() % 8)),
    );
    for (let written = 0; written < bytes;) {
      const piece = Buffer.allocUnsafe(1 << 20);
      let at = 0;
      while (at < (2 << 20) / 3) at += piece.write(`${words[(random() >>> 8) % words.length]} `, at, 'latin1');
      for (; at + 4 <= piece.length; at += 4) piece.writeUInt32LE(random(), at);
      written += writeSync(file, piece, 0, Math.min(at, bytes - written));
    }
  } finally {
    closeSync(file);
  }
}

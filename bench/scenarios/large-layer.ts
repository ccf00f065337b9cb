import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, type MakeScenario, type Step } from '../scenario.ts';

/** S5: one large layer, exported and pushed in each compression: for the first time, again, and where the archive is gone. */
export const largeLayer: MakeScenario = ({ layerBytes }) => {
  const size = `${Math.round(layerBytes / 1e6)} MB`;
  const write = (dir: string): void => {
    writeMixed(join(dir, 'large'), layerBytes);
    writeFileSync(join(dir, 'Dockerfile'), 'FROM busybox\nCOPY large /large\n');
  };
  const build: Step = { name: 'transfer and build', ours: buildFolder(), docker: { kind: 'build' }, goal: 2.1 };
  const output = (text: string, compression: string) =>
    buildFolder('--output', `${text},compression=${compression},force-compression=true`);
  const archives = Object.entries({ uncompressed: 3.5, gzip: 14.4, zstd: 4.6 }).flatMap(([compression, goal]) => {
    const ours = output('type=oci,dest=../out.tar', compression);
    // Docker's own archives are not compressed.
    const docker = compression === 'uncompressed' ? ({ docker: { kind: 'save' } } as const) : {};
    return [
      { name: `oci ${compression}, first`, ours, ...docker, goal },
      { name: `oci ${compression}, again`, ours, goal: 0.2 },
      { name: `oci ${compression}, gone`, before: removeArchive, ours, goal: 1 },
    ];
  });
  const pushes = ['gzip', 'zstd', 'uncompressed'].flatMap((compression) => {
    const ours = output(`type=image,name={registry}/app:${compression},push=true`, compression);
    const docker = compression === 'gzip' ? ({ docker: { kind: 'push' } } as const) : {};
    return [
      { name: `push ${compression}, first`, ours, ...docker },
      { name: `push ${compression}, again`, ours, ...docker },
    ];
  });
  return [
    { id: 'S5', title: `a layer of ${size}`, write, steps: [build, ...archives] },
    { id: 'S5', title: `a layer of ${size}, pushed`, write, steps: [build, ...pushes], registry: true },
  ];
};

function removeArchive(dir: string): void {
  rmSync(join(dir, '../out.tar'), { force: true }); // docker's round has none
}

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

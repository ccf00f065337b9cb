// Programs of other architectures: how they begin, and the smallest there is, which does nothing but end.

interface Architecture {
  readonly bits: 32 | 64;
  readonly order: 'little' | 'big';
  /** ELF's number of the machine. */
  readonly machine: number;
  /** ELF's flags, where a kernel or emulator looks at them. */
  readonly flags?: number;
  /** `exit(0)`: instructions of 32 bits, or bytes. */
  readonly exit?: readonly number[] | Buffer;
}

const architectures: Readonly<Record<string, Architecture>> = {
  '386': { bits: 32, order: 'little', machine: 3, exit: Buffer.from('31dbb801000000cd80', 'hex') },
  mips: { bits: 32, order: 'big', machine: 8 },
  mipsle: { bits: 32, order: 'little', machine: 8 },
  mips64: { bits: 64, order: 'big', machine: 8, flags: 0x80000000, exit: [0x240213c2, 0x24040000, 0x0000000c] },
  mips64le: { bits: 64, order: 'little', machine: 8, flags: 0x80000000, exit: [0x240213c2, 0x24040000, 0x0000000c] },
  ppc64: { bits: 64, order: 'big', machine: 21, flags: 2, exit: [0x38600000, 0x38000001, 0x44000002] },
  ppc64le: { bits: 64, order: 'little', machine: 21, flags: 2, exit: [0x38600000, 0x38000001, 0x44000002] },
  s390x: { bits: 64, order: 'big', machine: 22, exit: Buffer.from('a72900000a01', 'hex') },
  arm: { bits: 32, order: 'little', machine: 40, flags: 0x05000000, exit: [0xe3a00000, 0xe3a07001, 0xef000000] },
  amd64: { bits: 64, order: 'little', machine: 62, exit: Buffer.from('31ffb83c0000000f05', 'hex') },
  arm64: { bits: 64, order: 'little', machine: 183, exit: [0xd2800000, 0xd2800ba8, 0xd4000001] },
  riscv64: { bits: 64, order: 'little', machine: 243, exit: [0x00000513, 0x05d00893, 0x00000073] },
  loong64: { bits: 64, order: 'little', machine: 258, exit: [0x03800004, 0x0381740b, 0x002b0000] },
};

/** Architectures, as Go names them, of which there is an `exitProgram`. */
export const knownArchitectures: readonly string[] = Object.entries(architectures)
  .filter(([, { exit }]) => exit)
  .map(([name]) => name);

/** The ELF header of a program of that architecture; undefined where we don't know it. */
export function programHeader(name: string): Buffer | undefined {
  const architecture = architectures[name];
  return architecture && elfHeader(architecture);
}

/** Which bits of a header's first 20 bytes tell the architecture: not the system's ABI, nor how it is linked. */
export function headerMask(name: string): Buffer {
  const mask = Buffer.alloc(20, 0xff);
  mask[7] = 0;
  mask[architectures[name]?.order === 'big' ? 17 : 16] = 0xfe;
  return mask;
}

/** A program of that architecture that exits with 0; undefined where we don't know how. */
export function exitProgram(name: string): Buffer | undefined {
  const architecture = architectures[name];
  if (!architecture?.exit) return undefined;
  const { bits, order, exit } = architecture;
  const code = Buffer.isBuffer(exit) ? exit : Buffer.concat(exit.map((word) => number(word, 4, order)));
  const header = elfHeader(architecture);
  const size = header.length + segmentSize[bits] + code.length;
  const word = (value: number) => number(value, bits / 8, order);
  const half = (value: number) => number(value, 4, order);
  const [load, readable] = [half(1), half(5)];
  const places = [word(0), word(address), word(address), word(size), word(size)];
  const segment = bits === 64 ? [load, readable, ...places] : [load, ...places, readable];
  return Buffer.concat([header, ...segment, word(0x10000), code]);
}

/** Where it is loaded, whole. */
const address = 0x400000;
const headerSize = { 32: 52, 64: 64 } as const;
const segmentSize = { 32: 32, 64: 56 } as const;

function elfHeader({ bits, order, machine, flags = 0 }: Architecture): Buffer {
  const half = (value: number) => number(value, 2, order);
  const word = (value: number) => number(value, bits / 8, order);
  const identity = Buffer.alloc(16);
  identity.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, order === 'little' ? 1 : 2, 1]);
  const [header, segment] = [headerSize[bits], segmentSize[bits]];
  return Buffer.concat([
    identity,
    half(2),
    half(machine),
    number(1, 4, order),
    word(address + header + segment),
    word(header),
    word(0),
    number(flags, 4, order),
    ...[header, segment, 1, 0, 0, 0].map(half),
  ]);
}

function number(value: number, bytes: number, order: 'little' | 'big'): Buffer {
  const little = Buffer.alloc(bytes);
  for (let i = 0, rest = value; i < bytes; i++, rest = Math.floor(rest / 256)) little[i] = rest % 256;
  return order === 'little' ? little : little.reverse();
}

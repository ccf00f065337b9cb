import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { invalid, known } from './invalid.ts';
import { encodeMount, decodeMount, type Mount } from './mount.ts';
import type { OpCommon } from './op.ts';

/** Runs a process over mounted inputs. */
export interface ExecOp extends OpCommon {
  readonly kind: 'exec';
  readonly meta: ExecMeta;
  /** Exactly as marshalled: by target, then secrets, then ssh sockets. One of them is `/`. */
  readonly mounts: readonly Mount[];
  readonly network: NetworkMode;
  readonly security: SecurityMode;
  readonly secretEnv: readonly SecretEnv[];
  readonly cdiDevices: readonly CdiDevice[];
}

/** The process of an exec. */
export interface ExecMeta {
  readonly args: readonly string[];
  /** `KEY=value`, each key once. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** `user`, `uid`, `user:group` …, resolved in the container; '' is root. */
  readonly user: string;
  /** Given to the process, never part of its cache key. */
  readonly proxyEnv?: ProxyEnv;
  readonly extraHosts: readonly HostIp[];
  readonly hostname: string;
  readonly ulimits: readonly Ulimit[];
  readonly cgroupParent: string;
  /** Whether every folder that mounting had to create is removed again, not only the last one of a path. */
  readonly removeMountStubsRecursive: boolean;
  /** Exit statuses that count as success; empty means 0 alone. */
  readonly validExitCodes: readonly number[];
}

export interface ProxyEnv {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly ftpProxy?: string;
  readonly noProxy?: string;
  readonly allProxy?: string;
}

/** A line for `/etc/hosts`. */
export interface HostIp {
  readonly host: string;
  readonly ip: string;
}

/** As in setrlimit(2), `name` in lower case without `RLIMIT_`; -1 is unlimited. */
export interface Ulimit {
  readonly name: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** A secret as an environment variable. */
export interface SecretEnv {
  readonly id: string;
  readonly name: string;
  readonly optional: boolean;
}

/** A device by its fully qualified CDI name, `vendor.com/class=name`. */
export interface CdiDevice {
  readonly name: string;
  readonly optional: boolean;
}

export const networkModes = ['sandbox', 'host', 'none'] as const;
export const securityModes = ['sandbox', 'insecure'] as const;

export type NetworkMode = (typeof networkModes)[number];
export type SecurityMode = (typeof securityModes)[number];

/** As protobuf's enums number them. */
export function networkNumber(mode: NetworkMode): number {
  return networkModes.indexOf(mode);
}

export function securityNumber(mode: SecurityMode): number {
  return securityModes.indexOf(mode);
}

export function encodeExec(writer: Writer, op: ExecOp): void {
  writer.message(1, op.meta, encodeMeta);
  writer.messages(2, op.mounts, encodeMount);
  writer.int(3, networkNumber(op.network));
  writer.int(4, securityNumber(op.security));
  writer.messages(5, op.secretEnv, encodeSecretEnv);
  writer.messages(6, op.cdiDevices, encodeCdiDevice);
}

export function decodeExec(reader: Reader, common: OpCommon): ExecOp {
  let meta: ExecMeta | undefined;
  const mounts: Mount[] = [];
  let network: NetworkMode = 'sandbox';
  let security: SecurityMode = 'sandbox';
  const secretEnv: SecretEnv[] = [];
  const cdiDevices: CdiDevice[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        meta = reader.message(decodeMeta);
        break;
      case 2:
        mounts.push(reader.message(decodeMount));
        break;
      case 3:
        network = known(networkModes, reader.int32(), 'network mode');
        break;
      case 4:
        security = known(securityModes, reader.int32(), 'security mode');
        break;
      case 5:
        secretEnv.push(reader.message(decodeSecretEnv));
        break;
      case 6:
        cdiDevices.push(reader.message(decodeCdiDevice));
        break;
    }
  }
  if (!meta) throw invalid('an exec op without a process');
  return { ...common, kind: 'exec', meta, mounts, network, security, secretEnv, cdiDevices };
}

/** What an exec needs beyond being readable. */
export function validateExec({ meta, mounts }: ExecOp): void {
  if (meta.args.length === 0) throw invalid('an exec op without arguments');
  if (mounts.length === 0) throw invalid('an exec op without mounts');
  if (!mounts.some((mount) => mount.dest === '/')) throw invalid('an exec op without a root filesystem');
}

export function encodeMeta(writer: Writer, meta: ExecMeta): void {
  writer.strings(1, meta.args);
  writer.strings(2, meta.env);
  writer.string(3, meta.cwd);
  writer.string(4, meta.user);
  writer.message(5, meta.proxyEnv, encodeProxyEnv);
  writer.messages(6, meta.extraHosts, encodeHostIp);
  writer.string(7, meta.hostname);
  writer.messages(9, meta.ulimits, encodeUlimit);
  writer.string(10, meta.cgroupParent);
  writer.bool(11, meta.removeMountStubsRecursive);
  writer.packed(12, meta.validExitCodes);
}

export function decodeMeta(reader: Reader): ExecMeta {
  const args: string[] = [];
  const env: string[] = [];
  let [cwd, user, hostname, cgroupParent] = ['', '', '', ''];
  let proxyEnv: ProxyEnv | undefined;
  const extraHosts: HostIp[] = [];
  const ulimits: Ulimit[] = [];
  let removeMountStubsRecursive = false;
  const validExitCodes: number[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        args.push(reader.string());
        break;
      case 2:
        env.push(reader.string());
        break;
      case 3:
        cwd = reader.string();
        break;
      case 4:
        user = reader.string();
        break;
      case 5:
        proxyEnv = reader.message(decodeProxyEnv);
        break;
      case 6:
        extraHosts.push(reader.message(decodeHostIp));
        break;
      case 7:
        hostname = reader.string();
        break;
      case 9:
        ulimits.push(reader.message(decodeUlimit));
        break;
      case 10:
        cgroupParent = reader.string();
        break;
      case 11:
        removeMountStubsRecursive = reader.bool();
        break;
      case 12:
        reader.int32s(validExitCodes);
        break;
    }
  }
  return {
    args,
    env,
    cwd,
    user,
    ...(proxyEnv && { proxyEnv }),
    extraHosts,
    hostname,
    ulimits,
    cgroupParent,
    removeMountStubsRecursive,
    validExitCodes,
  };
}

function encodeProxyEnv(writer: Writer, proxy: ProxyEnv): void {
  writer.string(1, proxy.httpProxy);
  writer.string(2, proxy.httpsProxy);
  writer.string(3, proxy.ftpProxy);
  writer.string(4, proxy.noProxy);
  writer.string(5, proxy.allProxy);
}

const proxyNames = [undefined, 'httpProxy', 'httpsProxy', 'ftpProxy', 'noProxy', 'allProxy'] as const;

function decodeProxyEnv(reader: Reader): ProxyEnv {
  const proxy: { -readonly [K in keyof ProxyEnv]: ProxyEnv[K] } = {};
  while (reader.next()) {
    const name = proxyNames[reader.field];
    if (name) proxy[name] = reader.string();
  }
  return proxy;
}

export function encodeHostIp(writer: Writer, { host, ip }: HostIp): void {
  writer.string(1, host);
  writer.string(2, ip);
}

export function decodeHostIp(reader: Reader): HostIp {
  let [host, ip] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) host = reader.string();
    else if (reader.field === 2) ip = reader.string();
  }
  return { host, ip };
}

function encodeUlimit(writer: Writer, { name, soft, hard }: Ulimit): void {
  writer.string(1, name);
  writer.int(2, soft);
  writer.int(3, hard);
}

function decodeUlimit(reader: Reader): Ulimit {
  let [name, soft, hard] = ['', 0n, 0n];
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) soft = reader.bigint64();
    else if (reader.field === 3) hard = reader.bigint64();
  }
  return { name, soft, hard };
}

export function encodeSecretEnv(writer: Writer, { id, name, optional }: SecretEnv): void {
  writer.string(1, id);
  writer.string(2, name);
  writer.bool(3, optional);
}

export function decodeSecretEnv(reader: Reader): SecretEnv {
  let [id, name, optional] = ['', '', false];
  while (reader.next()) {
    if (reader.field === 1) id = reader.string();
    else if (reader.field === 2) name = reader.string();
    else if (reader.field === 3) optional = reader.bool();
  }
  return { id, name, optional };
}

function encodeCdiDevice(writer: Writer, { name, optional }: CdiDevice): void {
  writer.string(1, name);
  writer.bool(2, optional);
}

function decodeCdiDevice(reader: Reader): CdiDevice {
  let [name, optional] = ['', false];
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) optional = reader.bool();
  }
  return { name, optional };
}

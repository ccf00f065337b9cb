import { seccompArchitectures, seccompRules, type SeccompArg } from './seccomp-rules.ts';

/** OCI's `linux.seccomp`. */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompSyscalls[];
}

export interface SeccompSyscalls {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArg[];
}

const EPERM = 1;
const made = new Map<string, SeccompProfile>();

/** Docker's default profile for one architecture (as Go names it) and one bounding set. */
export function seccompProfile(architecture: string, capabilities: readonly string[]): SeccompProfile {
  const key = `${architecture} ${capabilities.join()}`;
  let profile = made.get(key);
  if (!profile) made.set(key, (profile = makeProfile(architecture, new Set(capabilities))));
  return profile;
}

function makeProfile(architecture: string, capabilities: ReadonlySet<string>): SeccompProfile {
  // The rules call 386 as libseccomp does.
  const arch = architecture === '386' ? 'x86' : architecture;
  const applies = (rule: (typeof seccompRules)[number]) =>
    (rule.arches?.includes(arch) ?? true) &&
    !(rule.withoutArches?.includes(arch) ?? false) &&
    (rule.caps?.every((name) => capabilities.has(name)) ?? true) &&
    !(rule.withoutCaps?.some((name) => capabilities.has(name)) ?? false);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: seccompArchitectures[architecture] ?? [],
    syscalls: seccompRules.filter(applies).map(({ names, args, errno }) => ({
      names: names.trim().split(/\s+/),
      action: errno === undefined ? 'SCMP_ACT_ALLOW' : 'SCMP_ACT_ERRNO',
      ...(errno !== undefined && { errnoRet: errno }),
      ...(args && { args }),
    })),
  };
}

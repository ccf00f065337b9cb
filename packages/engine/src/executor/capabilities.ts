import { readFileSync } from 'node:fs';

/** What a process in a sandbox may have (EX-003). */
export const sandboxCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

// By number, as in linux/capability.h.
const names = `
  chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
  net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin
  sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override
  mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name.toUpperCase()}`);

/** The capabilities of a set as /proc prints it, in hexadecimal. Numbers without a name are left out. */
function capabilitiesOf(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return names.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

/** What this process may do, and so the most that a container can be given. */
export function ownCapabilities(): string[] {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return mask === undefined ? [] : capabilitiesOf(mask);
}

import { inChroot } from '../../packages/engine/src/executor/chroot.ts';

/** Why what the kernel does not do in a chroot is left out there. Anywhere else, what is lacking makes tests fail. */
export const chrooted: string | false =
  inChroot() && 'in a chroot there are no user namespaces, and containers are not joined';

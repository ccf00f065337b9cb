import { mistake } from '../failure.ts';
import { oneArgument } from '../forms.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `STOPSIGNAL SIGTERM`: what stops a container of the image. */
export interface StopSignal {
  readonly kind: 'stopsignal';
  readonly node: Node;
  readonly signal: string;
}

/** Linux's names, and RTMIN and RTMAX with what is counted from them. */
const names = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  ).split(' '),
);
for (let n = 1; n <= 15; n++) names.add(`RTMIN+${n}`);
for (let n = 1; n <= 14; n++) names.add(`RTMAX-${n}`);

export function readStopSignal(node: Node): StopSignal {
  return { kind: 'stopsignal', node, signal: oneArgument(node) };
}

export function convertStopSignal(instruction: StopSignal, stage: Stage): void {
  const signal = stage.expand(instruction.signal);
  const name = signal.toUpperCase().replace(/^SIG/, '');
  if (/^[+-]?\d+$/.test(signal) ? Number(signal) === 0 : !names.has(name)) {
    throw mistake(`invalid signal: ${signal}`, {
      token: instruction.signal,
      nearTo: { word: signal, candidates: Array.from(names, (known) => `SIG${known}`) },
    });
  }
  stage.image.stopSignal = signal;
  stage.record(`STOPSIGNAL ${signal}`);
}

import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** So much of the processors other programs may take: what is always there on an idle machine. */
const IDLE = 0.05;
const SAMPLE_MS = 500;

/** Milliseconds that the processors were busy, and all. */
function busyTime(): { busy: number; all: number } {
  const times = cpus().flatMap((cpu) => Object.entries(cpu.times));
  const sum = (those: typeof times) => those.reduce((total, [, ms]) => total + ms, 0);
  return { busy: sum(times.filter(([kind]) => kind !== 'idle')), all: sum(times) };
}

/** A remark where other programs run while this one waits: times are then too long. */
export async function remarkOnLoad(when: string): Promise<string[]> {
  const before = busyTime();
  await sleep(SAMPLE_MS);
  const after = busyTime();
  const share = (after.busy - before.busy) / (after.all - before.all);
  if (!(share > IDLE)) return [];
  return [
    `Other programs took ${Math.round(100 * share)} % of the processors ${when}: measure again on an idle machine.`,
  ];
}

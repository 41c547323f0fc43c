import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Options } from './options.js';
import { Peer, peakMemory } from './peer.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const MB = 1e6;

/** The peak resident memory of a command, read every 50 ms until it ends. */
async function peakOf(command: string, args: string[]): Promise<number> {
  const child = spawn(command, args, { cwd: root, stdio: 'ignore' });
  const ended = once(child, 'exit');
  let peak = 0;
  while (child.exitCode === null) {
    try {
      peak = Math.max(peak, peakMemory(child.pid!));
    } catch {
      // Gone between two looks: the last one counts.
    }
    await Promise.race([ended, sleep(50)]);
  }
  if (child.exitCode !== 0) throw new Error(`bench: ${args.join(' ')} ended with ${child.exitCode}.`);
  return peak;
}

/** Peak memory of training on MNIST, data and all: an epoch of `npm run mnist`, and as many steps of the first peer as show its peak. */
export async function measureMemory(
  options: Options,
  threads: number,
  say: (text: string) => void,
): Promise<void> {
  const ours = await peakOf(process.execPath, ['--import', 'tsx', 'examples/mnist.ts', '--epochs', '1']);
  say(`peak memory, one epoch of mnist: ${Math.round(ours / MB)} MB`);
  const peer = options.peers[0];
  if (peer === undefined) return;
  const theirs = await Peer.trainingMemory(peer, 'mnist', 128, 'float32', threads);
  say(`peak memory, mnist in ${peer}: ${Math.round(theirs / MB)} MB`);
}

import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Task } from './peer.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);

/** What a process sees that does nothing but train a net from its start. */
export interface Isolated {
  /** Milliseconds of each step; the first one plans. */
  times: number[];
  /** Peak of its resident memory in bytes. */
  memory: number;
}

/**
 * isolated_process.ts and nodegrad as one file of JavaScript, as an installed package is. tsx, which compiles when a file is
 * imported, takes about 90 MB.
 */
async function compile(): Promise<string> {
  const outfile = join(root, 'build/bench/isolated_process.cjs');
  await build({
    entryPoints: [join(here, 'isolated_process.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // From there nodegrad looks for its addon.
    define: { 'import.meta.dirname': JSON.stringify(join(root, 'dist')) },
  });
  return outfile;
}

let compiled: Promise<string> | undefined;

/** Our net in a separate process, which ends when the steps are done. */
export async function trainIsolated(task: Task, steps: number): Promise<Isolated> {
  compiled ??= compile();
  const child = spawn(process.execPath, [await compiled, JSON.stringify(task), String(steps)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: String(task.threads) },
  });
  const answer = await text(child.stdout);
  if (answer === '') throw new Error('the process ended; its error is above');
  return JSON.parse(answer) as Isolated;
}

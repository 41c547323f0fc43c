import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { getEngineInfo, tensor } from 'nodegrad';
import { timed } from './comparison.js';
import { modelOf } from './net.js';
import { nets } from './nets/index.js';
import type { Task } from './peer.js';

const script = fileURLToPath(import.meta.url);

/** What a process sees that does nothing but train a net from its start. */
export interface Isolated {
  /** Milliseconds of each step; the first one plans. */
  times: number[];
  /** Peak of its resident memory in bytes. */
  memory: number;
}

/** Our net in a separate process, which ends when the steps are done. */
export async function trainIsolated(task: Task, steps: number): Promise<Isolated> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(task), String(steps)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: String(task.threads) },
  });
  const answer = await text(child.stdout);
  if (answer === '') throw new Error('the process ended; its error stands above');
  return JSON.parse(answer) as Isolated;
}

async function main(): Promise<void> {
  const task = JSON.parse(process.argv[2]!) as Task;
  getEngineInfo({ threads: task.threads });
  const net = nets[task.net]!;
  const model = modelOf(net, task.precision);
  const { x, y } = net.data(task.batch, net.size);
  const [images, labels] = [tensor(x), tensor(y)];
  const times = await timed(() => model.trainOnBatch(images, labels), Number(process.argv[3]));
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))!;
  console.log(JSON.stringify({ times, memory: Number(peak[1]) * 1024 } satisfies Isolated));
}

if (process.argv[1] === script) await main();

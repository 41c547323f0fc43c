// Trains a net: arguments are the task and the steps. Prints what was measured.
import { readFileSync } from 'node:fs';
import { getEngineInfo, tensor } from 'nodegrad';
import { timed } from './comparison.js';
import type { Isolated } from './isolated.js';
import { modelOf } from './net.js';
import { nets } from './nets/index.js';
import type { Task } from './peer.js';

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

void main();

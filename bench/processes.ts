import { type Isolated, trainIsolated } from './isolated.js';
import { minimum } from './statistics.js';
import { nets } from './nets/index.js';
import { Peer, type Task } from './peer.js';
import { variantOf } from './training.js';

const STEPS = 10;
const SCALING_STEPS = 20;
const SCALING_ROUNDS = 3;

/** A process of ours and one of PyTorch that train the same net. */
export interface Processes {
  net: string;
  precision: string;
  ours: Isolated;
  peer?: Isolated;
}

/** Peak memory and the first step of fresh processes; the peer is PyTorch, eager, in the variant that trains fastest. */
export async function measureProcesses(
  name: string,
  precision: string,
  withPeer: boolean,
  threads: number,
): Promise<Processes> {
  const net = nets[name]!;
  const task: Task = { net: name, precision, batch: net.batch, threads };
  const ours = await trainIsolated(task, STEPS);
  if (!withPeer) return { net: name, precision, ours };
  const variant = await variantOf('torch', task, net);
  const peer = new Peer('torch', task);
  try {
    await peer.load({ ...net.data(net.batch, net.size), weights: {}, variant, training: true });
    const times = await peer.steps(STEPS);
    return { net: name, precision, ours, peer: { times, memory: await peer.memory() } };
  } finally {
    peer.stop();
  }
}

export interface Scaling {
  net: string;
  /** Milliseconds of a step. */
  one: number;
  two: number;
}

/** A step with one thread and with two, in processes interleaved. */
export async function measureScaling(name: string): Promise<Scaling> {
  const { batch } = nets[name]!;
  const least = { 1: Infinity, 2: Infinity };
  for (let round = 0; round < SCALING_ROUNDS; round++)
    for (const threads of [1, 2] as const) {
      const { times } = await trainIsolated(
        { net: name, precision: 'float32', batch, threads },
        SCALING_STEPS,
      );
      least[threads] = Math.min(least[threads], minimum(times));
    }
  return { net: name, one: least[1], two: least[2] };
}

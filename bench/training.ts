import { getDevice, tensor } from 'nodegrad';
import { type Comparison, type Entry, type Run, interleave, timed } from './comparison.js';
import { type Primitive, fastest, timeFloor } from './floor.js';
import { type Net, modelOf, weightsOf } from './net.js';
import { nets } from './nets/index.js';
import type { Options } from './options.js';
import { Peer, type Task } from './peer.js';

// Rounding of 24 or 8 bits through the longest of the nets, in the mean of a batch.
const LOSS_APART: Record<string, number> = { float32: 1e-4, bfloat16: 2e-2 };

/** Training steps of a net, ours and the peers' interleaved. */
export async function timeTraining(
  name: string,
  precision: string,
  options: Options,
  threads: number,
  log: (text: string) => void,
): Promise<Comparison> {
  const net = nets[name]!;
  const device = getDevice();
  const task: Task = { net: name, precision, batch: net.batch, threads, device };
  const lines = precision === 'float32' && device === 'cpu' ? [...new Set(net.floor)] : [];
  // Before the sides and after them: what disturbs the machine for some seconds does not come into both.
  const before = timeFloor(lines, threads);
  const model = modelOf(net, precision);
  const { x, y } = net.data(net.batch, net.size);
  const [images, labels] = [tensor(x), tensor(y)];
  const { loss } = await model.testOnBatch(images, labels);
  const weights = await weightsOf(model);

  const runs = new Map<string, Run>([
    ['ours', (count) => timed(() => model.trainOnBatch(images, labels), count)],
  ]);
  const peers: Record<string, Entry> = {};
  const started: Peer[] = [];
  try {
    const peerNames = options.peers.filter((peer) => net.families?.includes(peer.split('-')[0]!) ?? true);
    for (const peerName of peerNames) {
      try {
        const peer = new Peer(peerName, task);
        started.push(peer);
        const { name: described, variant } = await peer.load({ x, y, weights, training: true });
        peers[peerName] = { name: described };
        variants.set(variantKey(peerName, task), variant);
        await checkLoss(peer, loss!, precision);
        log(`${name} ${precision}: ${described} has our loss ${loss!.toFixed(6)}`);
        runs.set(peerName, (count) => peer.steps(count));
      } catch (error) {
        peers[peerName] = { name: peers[peerName]?.name ?? peerName, error: (error as Error).message };
        log(`${name} ${precision}: ${peerName} failed: ${(error as Error).message}`);
      }
    }
    const ours: Entry = { name: 'nodegrad' };
    for (const [side, result] of await interleave(runs, options.steps)) {
      const entry = side === 'ours' ? ours : peers[side]!;
      if (result instanceof Error) entry.error = result.message;
      else entry.timing = result;
    }
    const floor = floorOf(net, [...before, ...timeFloor(lines, threads)], log);
    return { net: name, precision, batch: net.batch, ours, peers, floor };
  } finally {
    for (const peer of started) peer.stop();
    for (const value of [model, images, labels]) value.dispose();
  }
}

// The variant that was fastest for a peer and a net, for the parts of the bench that come after.
const variants = new Map<string, string>();
const variantKey = (peer: string, { net, precision }: Task) => `${peer} ${net} ${precision}`;

/** The variant in which a peer trains a net fastest. */
export async function variantOf(peerName: string, task: Task, net: Net): Promise<string> {
  const key = variantKey(peerName, task);
  let variant = variants.get(key);
  if (variant === undefined) {
    const peer = new Peer(peerName, task);
    try {
      ({ variant } = await peer.load({ ...net.data(net.batch, net.size), weights: {}, training: true }));
    } finally {
      peer.stop();
    }
    variants.set(key, variant);
  }
  return variant;
}

/** Same weights, same batch: another loss would mean another net. */
async function checkLoss(peer: Peer, ours: number, precision: string): Promise<void> {
  const theirs = await peer.loss();
  if (!(Math.abs(ours / theirs - 1) < LOSS_APART[precision]!))
    throw new Error(`on the same weights our loss is ${ours} and that of ${peer.peer} ${theirs}`);
}

/** What the net's compute ops take at the least, each alone: the faster of oneDNN's kernel and ours. */
function floorOf(net: Net, timed: readonly Primitive[], log: (text: string) => void): number | undefined {
  if (timed.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const line of net.floor) counts.set(line, (counts.get(line) ?? 0) + 1);
  let sum = 0;
  for (const { primitive, pass, by, implementation, ms } of fastest(timed)) {
    const count = counts.get(primitive)!;
    sum += count * ms;
    const op = primitive.split(' ').slice(0, -1).join(' ');
    log(`floor: ${count} × ${ms.toFixed(3).padStart(7)} ms  ${op} ${pass} (${by}, ${implementation})`);
  }
  return sum;
}

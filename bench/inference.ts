import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from 'nodegrad';
import { type Comparison, type Entry, type Run, interleave, timed } from './comparison.js';
import { modelOf, weightsOf } from './net.js';
import { nets } from './nets/index.js';
import type { Options } from './options.js';
import { Peer, type Task } from './peer.js';

export const INFERENCE_NETS = ['mnist', 'resnet18'];
const BATCHES = [1, 64];
const PEERS = ['torch', 'torch-compile', 'onnxruntime'];
// Probabilities: rounding of float32 through a net, as a share of the largest.
const APART = 1e-3;

/** Predictions of a net at each batch, ours and the peers' interleaved. */
export async function timeInference(
  name: string,
  options: Options,
  threads: number,
  log: (text: string) => void,
): Promise<Comparison[]> {
  const comparisons = [];
  for (const batch of BATCHES) comparisons.push(await timeBatch(name, batch, options, threads, log));
  return comparisons;
}

async function timeBatch(
  name: string,
  batch: number,
  options: Options,
  threads: number,
  log: (text: string) => void,
): Promise<Comparison> {
  const net = nets[name]!;
  const task: Task = { net: name, precision: 'float32', batch, threads };
  const model = modelOf(net, task.precision);
  const { x, y } = net.data(batch, net.size);
  const images = tensor(x);
  const weights = await weightsOf(model);
  const result = await model.predictOnBatch(images);
  const output = await result.data();
  result.dispose();

  const predict = async () => (await model.predictOnBatch(images)).dispose();
  const runs = new Map<string, Run>([['ours', (count) => timed(predict, count)]]);
  const peers: Record<string, Entry> = {};
  const started: Peer[] = [];
  const scratch = mkdtempSync(join(tmpdir(), 'nodegrad-bench-'));
  const onnx = join(scratch, 'net.onnx');
  try {
    for (const peerName of PEERS) {
      try {
        const peer = new Peer(peerName, task);
        started.push(peer);
        const { name: described } = await peer.load({ x, y, weights, training: false, model: onnx });
        peers[peerName] = { name: described };
        checkOutput(output, await peer.output());
        if (peerName === 'torch') await peer.export(onnx);
        log(`${name} @${batch}: ${described} has our output`);
        runs.set(peerName, (count) => peer.predictions(count));
      } catch (error) {
        peers[peerName] = { name: peers[peerName]?.name ?? peerName, error: (error as Error).message };
        log(`${name} @${batch}: ${peerName} failed: ${(error as Error).message}`);
      }
    }
    const ours: Entry = { name: 'nodegrad' };
    for (const [side, timing] of await interleave(runs, options.steps)) {
      const entry = side === 'ours' ? ours : peers[side]!;
      if (timing instanceof Error) entry.error = timing.message;
      else entry.timing = timing;
    }
    return { net: name, precision: task.precision, batch, ours, peers };
  } finally {
    for (const peer of started) peer.stop();
    for (const value of [model, images]) value.dispose();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function checkOutput(ours: ArrayLike<number>, theirs: ArrayLike<number>): void {
  let apart = 0;
  let largest = 0;
  for (let i = 0; i < ours.length; i++) {
    apart = Math.max(apart, Math.abs(ours[i]! - theirs[i]!));
    largest = Math.max(largest, Math.abs(ours[i]!));
  }
  if (ours.length !== theirs.length || !(apart <= APART * largest))
    throw new Error(`the same weights give another output: ${apart} apart, of ${largest}`);
}

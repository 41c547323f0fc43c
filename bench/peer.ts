import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceName, NDArray } from 'nodegrad';
import { Driver } from './driver.js';
import type { Weights } from './net.js';

/** What a side runs. */
export interface Task {
  net: string;
  precision: string;
  batch: number;
  threads: number;
  /** Default: cpu. */
  device?: DeviceName;
}

export interface Load {
  x: NDArray;
  y: NDArray;
  /** The peer's own start where there are none. */
  weights: Weights;
  /** One of the peer's ways of running a net; the fastest where it is left out. */
  variant?: string;
  /** What must be fast: training steps or predictions. */
  training: boolean;
  /** Where the net is as an ONNX file, for the peers that read it. */
  model?: string;
}

interface Answer {
  name: string;
  variant: string;
  loss: number;
  times: number[];
  values: number[];
  bytes: number;
}

/** A peer's net in a separate process (bench/peers/driver.py), which times its own steps. */
export class Peer {
  readonly #driver: Driver;
  readonly #scratch = mkdtempSync(join(tmpdir(), 'nodegrad-bench-'));
  #files = 0;

  constructor(
    readonly peer: string,
    { net, precision, batch, threads, device = 'cpu' }: Task,
  ) {
    const args = [net, String(batch), precision, String(threads), device];
    this.#driver = new Driver(peer, args, threads, device !== 'cpu');
  }

  /** Hands over a batch and weights; gives the peer's name for itself with its versions, and the variant it runs. */
  async load({ x, y, weights, variant, training, model }: Load): Promise<{ name: string; variant: string }> {
    const stored = Object.entries(weights).map(([layer, arrays]) => [
      layer,
      arrays.map((array) => this.#store(array)),
    ]);
    return this.#ask({
      command: 'load',
      x: this.#store(x),
      y: this.#store(y),
      weights: Object.fromEntries(stored) as object,
      variant: variant ?? null,
      training,
      model,
    });
  }

  /** Of the batch, without dropout. */
  async loss(): Promise<number> {
    return (await this.#ask({ command: 'loss' })).loss;
  }

  /** Runs training steps and gives the milliseconds of each. */
  async steps(count: number): Promise<number[]> {
    return (await this.#ask({ command: 'steps', count })).times;
  }

  /** Predicts for the batch, some times, and gives the milliseconds of each. */
  async predictions(count: number): Promise<number[]> {
    return (await this.#ask({ command: 'predictions', count })).times;
  }

  /** The prediction for the batch, row-major. */
  async output(): Promise<number[]> {
    return (await this.#ask({ command: 'output' })).values;
  }

  /** Writes the net as ONNX, for batches of this size. */
  async export(path: string): Promise<void> {
    await this.#ask({ command: 'export', path });
  }

  /** The most memory that the process has held, in bytes. */
  async memory(): Promise<number> {
    return (await this.#ask({ command: 'memory' })).bytes;
  }

  stop(): void {
    this.#driver.stop();
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #store({ data, dtype, shape }: NDArray) {
    const path = join(this.#scratch, `${this.#files++}.bin`);
    writeFileSync(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { path, dtype, shape };
  }

  #ask(request: object): Promise<Answer> {
    return this.#driver.ask(request);
  }
}

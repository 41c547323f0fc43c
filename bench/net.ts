import { type Model, NDArray, type losses, mixedPrecision, type optimizers, setSeed } from 'nodegrad';

/** A net of the bench: one file of bench/nets, whose default export is a Net, and one in the folder of each of its families of peers. */
export interface Net {
  batch: number;
  /** The edge of its images, or the length of its sequences. The builders take another one. */
  size: number;
  /** Layers with weights are named as in the peers. Dropout, where the net has some, can be left out. */
  build: (size: number, dropout?: boolean) => Model;
  /** A new optimizer, and the loss by its name. */
  compile: () => { optimizer: optimizers.Optimizer; loss: losses.LossName };
  data: (batch: number, size: number) => { x: NDArray; y: NDArray };
  /** The compute ops of a training step at `batch` and `size`, in the words of bench/floor/floor.cpp. None: there is no floor. */
  floor: string[];
  /** The families of peers that have it: folders of bench/peers. Default: all. */
  families?: readonly string[];
}

/** Weights by the names of their layers, in Keras's order. */
export type Weights = Record<string, NDArray[]>;

/** Numbers in [0, 1) from a hash of their place: the same in every run, and in test/fixtures/make_nets.py. */
export function uniform(count: number, seed: number): Float32Array {
  return new Float32Array(count).map((_, i) => {
    let h = Math.imul((i + 1) ^ Math.imul(seed, 0x9e3779b9), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 8) / 2 ** 24;
  });
}

/** Numbers from 0 to `classes` - 1. */
export function classes(count: number, seed: number, classes: number): Int32Array {
  return Int32Array.from(uniform(count, seed), (u) => Math.floor(u * classes));
}

/** Random images and the number of a class for each. */
export function labelledImages(channels: number, labels: number) {
  return (batch: number, size: number) => ({
    x: new NDArray(uniform(batch * size * size * channels, 1), [batch, size, size, channels]),
    y: new NDArray(classes(batch, 2, labels), [batch]),
  });
}

/** The net with its weights at their start, ready to train. */
export function modelOf(net: Net, precision: string, size = net.size): Model {
  mixedPrecision.setDtypePolicy(precision === 'float32' ? 'float32' : 'mixedBfloat16');
  setSeed(1);
  const model = net.build(size);
  model.compile(net.compile());
  return model;
}

export async function weightsOf(model: Model): Promise<Weights> {
  const weights: Weights = {};
  for (const layer of model.layers)
    if (layer.weights.length > 0) weights[layer.name] = await layer.getWeights();
  return weights;
}

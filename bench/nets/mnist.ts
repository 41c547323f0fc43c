import { NDArray, Sequential, layers, optimizers, tensor } from 'nodegrad';
import type { BenchNet, Side } from '../net.js';

const BATCH = 128;

function create(): Side {
  const model = new Sequential(
    [
      layers.input({ shape: [28, 28, 1] }),
      layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.25 }),
      layers.flatten(),
      layers.dense({ units: 128, activation: 'relu' }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
    { seed: 1 },
  );
  model.compile({
    optimizer: optimizers.adadelta({ learningRate: 1 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  const pixels = new Float32Array(BATCH * 784).map((_, i) => ((i * 2654435761) % 4096) / 4096);
  const x = new NDArray(pixels, [BATCH, 28, 28, 1]);
  const y = new NDArray(
    new Int32Array(BATCH).map((_, i) => (i * 7) % 10),
    [BATCH],
  );
  const [images, labels] = [tensor(x), tensor(y)];
  return {
    x,
    y,
    step: () => model.trainOnBatch(images, labels),
    loss: async () => (await model.testOnBatch(images, labels)).loss,
    weights: () => model.getWeights(),
  };
}

export default {
  batch: BATCH,
  precision: 'float32',
  floor: [
    `convolution ${BATCH} 1 28 28 32 3 3 1 0 forward,backward_weights`,
    `convolution ${BATCH} 32 26 26 64 3 3 1 0 forward,backward_data,backward_weights`,
    `inner_product ${BATCH} 9216 128 forward,backward_data,backward_weights`,
    `inner_product ${BATCH} 128 10 forward,backward_data,backward_weights`,
  ],
  create,
} satisfies BenchNet;

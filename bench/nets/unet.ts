import { Model, NDArray, layers, optimizers } from 'nodegrad';
import { type Net, uniform } from '../net.js';

type KerasTensor = layers.KerasTensor;

function block(x: KerasTensor, name: string, filters: number): KerasTensor {
  const conv = (end: string) =>
    layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', name: `${name}${end}` });
  return conv('b').apply(conv('a').apply(x));
}

function build(size: number): Model {
  const inputs = layers.input({ shape: [size, size, 1] });
  const skips: KerasTensor[] = [];
  let x = inputs;
  for (const [i, filters] of [32, 64, 128].entries()) {
    skips.push(block(x, `down${i + 1}`, filters));
    x = layers.maxPooling2d({ poolSize: 2 }).apply(skips[i]!);
  }
  x = block(x, 'bottom', 256);
  for (const [i, filters] of [128, 64, 32].entries()) {
    const level = 3 - i;
    x = layers.conv2dTranspose({ filters, kernelSize: 2, strides: 2, name: `up${level}` }).apply(x);
    x = block(layers.concatenate().apply([x, skips[level - 1]!]), `up${level}_`, filters);
  }
  const outputs = layers.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid', name: 'out' }).apply(x);
  return new Model({ inputs, outputs });
}

/** A U-Net (https://arxiv.org/abs/1505.04597) of width 32: three levels down, a bottom, three levels up. */
export default {
  batch: 4,
  size: 128,
  build,
  compile: () => ({ optimizer: optimizers.adam(), loss: 'binaryCrossentropy' }),
  data: (batch, size) => ({
    x: new NDArray(uniform(batch * size * size, 1), [batch, size, size, 1]),
    y: new NDArray(uniform(batch * size * size, 2).map(Math.round), [batch, size, size, 1]),
  }),
  // A transposed convolution's three passes are those of the convolution that goes the other way.
  floor: [
    'convolution 4 1 128 128 32 3 3 1 1 forward,backward_weights',
    ...[
      '32 128 128 32 3 3 1 1',
      '32 64 64 64 3 3 1 1',
      '64 64 64 64 3 3 1 1',
      '64 32 32 128 3 3 1 1',
      '128 32 32 128 3 3 1 1',
      '128 16 16 256 3 3 1 1',
      '256 16 16 256 3 3 1 1',
      '128 32 32 256 2 2 2 0',
      '256 32 32 128 3 3 1 1',
      '128 32 32 128 3 3 1 1',
      '64 64 64 128 2 2 2 0',
      '128 64 64 64 3 3 1 1',
      '64 64 64 64 3 3 1 1',
      '32 128 128 64 2 2 2 0',
      '64 128 128 32 3 3 1 1',
      '32 128 128 32 3 3 1 1',
      '32 128 128 1 1 1 1 0',
    ].map((sizes) => `convolution 4 ${sizes} forward,backward_data,backward_weights`),
  ],
} satisfies Net;

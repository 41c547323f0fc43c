import { Sequential, layers, optimizers } from 'nodegrad';
import { type Net, labelledImages } from '../net.js';

/** Filters of each block, and its stride. */
const BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
] as const;

/** A small MobileNet (https://arxiv.org/abs/1704.04861): depthwise and pointwise convolutions. Padded on both sides alike where it strides. */
export default {
  batch: 32,
  size: 64,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size, size, 3] }),
      layers.zeroPadding2d(),
      layers.conv2d({ filters: 32, kernelSize: 3, strides: 2, useBias: false, name: 'conv' }),
      layers.batchNormalization({ name: 'norm' }),
      layers.relu(),
      ...BLOCKS.flatMap(([filters, strides], i) => [
        ...(strides === 2 ? [layers.zeroPadding2d()] : []),
        layers.depthwiseConv2d({
          ...{ kernelSize: 3, strides, padding: strides === 2 ? 'valid' : 'same' },
          ...{ useBias: false, name: `depth${i + 1}` },
        }),
        layers.batchNormalization({ name: `depth${i + 1}_norm` }),
        layers.relu(),
        layers.conv2d({ filters, kernelSize: 1, useBias: false, name: `point${i + 1}` }),
        layers.batchNormalization({ name: `point${i + 1}_norm` }),
        layers.relu(),
      ]),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 10, activation: 'softmax', name: 'dense' }),
    ]),
  compile: () => ({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' }),
  data: labelledImages(3, 10),
  floor: [],
  families: ['torch'],
} satisfies Net;

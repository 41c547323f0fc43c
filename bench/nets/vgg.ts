import { Sequential, layers, optimizers } from 'nodegrad';
import { type Net, labelledImages } from '../net.js';

/** A small VGG (https://arxiv.org/abs/1409.1556): pairs of convolutions with biases, pooling, dense layers. */
export default {
  batch: 32,
  size: 32,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size, size, 3] }),
      ...[64, 128, 256].flatMap((filters, i) => [
        ...['a', 'b'].map((end) =>
          layers.conv2d({
            ...{ filters, kernelSize: 3, padding: 'same', activation: 'relu', name: `conv${i + 1}${end}` },
          } as const),
        ),
        layers.maxPooling2d({ poolSize: 2 }),
      ]),
      layers.flatten(),
      layers.dense({ units: 256, activation: 'relu', name: 'dense1' }),
      layers.dense({ units: 10, activation: 'softmax', name: 'dense2' }),
    ]),
  compile: () => ({
    optimizer: optimizers.sgd({ learningRate: 0.01, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
  }),
  data: labelledImages(3, 10),
  floor: [],
  families: ['torch'],
} satisfies Net;

import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { type Net, uniform } from '../net.js';

/** Strided convolutions down, transposed convolutions up again. */
export default {
  batch: 32,
  size: 64,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size, size, 1] }),
      ...[32, 64].flatMap((filters, i) => [
        layers.zeroPadding2d(),
        layers.conv2d({ filters, kernelSize: 3, strides: 2, activation: 'relu', name: `down${i + 1}` }),
      ]),
      ...[64, 32].map((filters, i) =>
        layers.conv2dTranspose({
          ...{ filters, kernelSize: 4, strides: 2, padding: 'same', activation: 'relu', name: `up${i + 1}` },
        } as const),
      ),
      layers.conv2d({ filters: 1, kernelSize: 3, padding: 'same', activation: 'sigmoid', name: 'out' }),
    ]),
  compile: () => ({ optimizer: optimizers.adam(), loss: 'meanSquaredError' }),
  data: (batch, size) => {
    const x = new NDArray(uniform(batch * size * size, 1), [batch, size, size, 1]);
    return { x, y: x };
  },
  floor: [],
  families: ['torch'],
} satisfies Net;

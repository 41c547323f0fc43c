import { Model, layers, optimizers } from 'nodegrad';
import { type Net, labelledImages } from '../net.js';

type KerasTensor = layers.KerasTensor;

const STAGES = [64, 128, 256, 512];

/** Padded on both sides alike, as the paper's net is; `same` would pad a strided one on one side. */
function conv(
  x: KerasTensor,
  name: string,
  filters: number,
  kernelSize: number,
  strides: number,
): KerasTensor {
  const padded =
    strides > 1 && kernelSize > 1
      ? layers.zeroPadding2d({ padding: Math.floor(kernelSize / 2) }).apply(x)
      : x;
  const padding = strides > 1 ? 'valid' : 'same';
  return layers.conv2d({ filters, kernelSize, strides, padding, useBias: false, name }).apply(padded);
}

const norm = (x: KerasTensor, name: string) => layers.batchNormalization({ name }).apply(x);

function block(x: KerasTensor, name: string, filters: number, strides: number): KerasTensor {
  let y = layers.relu().apply(norm(conv(x, `${name}_conv1`, filters, 3, strides), `${name}_norm1`));
  y = norm(conv(y, `${name}_conv2`, filters, 3, 1), `${name}_norm2`);
  const shortcut = strides > 1 ? norm(conv(x, `${name}_conv3`, filters, 1, strides), `${name}_norm3`) : x;
  return layers.relu().apply(layers.add().apply([y, shortcut]));
}

function build(size: number): Model {
  const inputs = layers.input({ shape: [size, size, 3] });
  let x = layers.relu().apply(norm(conv(inputs, 'conv', 64, 7, 2), 'norm'));
  // The padding's zeros change no maximum of what ReLU gives.
  x = layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(layers.zeroPadding2d({ padding: 1 }).apply(x));
  for (const [i, filters] of STAGES.entries()) {
    x = block(x, `stage${i + 1}_1`, filters, i > 0 ? 2 : 1);
    x = block(x, `stage${i + 1}_2`, filters, 1);
  }
  x = layers.globalAveragePooling2d().apply(x);
  const outputs = layers.dense({ units: 1000, activation: 'softmax', name: 'dense' }).apply(x);
  return new Model({ inputs, outputs });
}

/** ResNet-18 (https://arxiv.org/abs/1512.03385, table 1) with projection shortcuts. */
export default {
  batch: 16,
  size: 224,
  build,
  compile: () => ({
    optimizer: optimizers.sgd({ learningRate: 0.01, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
  }),
  data: labelledImages(3, 1000),
  floor: [
    'convolution 16 3 224 224 64 7 7 2 3 forward,backward_weights',
    ...STAGES.flatMap((filters, i) => {
      const edge = 56 >> i;
      const same = `convolution 16 ${filters} ${edge} ${edge} ${filters} 3 3 1 1`;
      const first =
        i === 0
          ? [same]
          : [
              `convolution 16 ${filters / 2} ${2 * edge} ${2 * edge} ${filters} 3 3 2 1`,
              `convolution 16 ${filters / 2} ${2 * edge} ${2 * edge} ${filters} 1 1 2 0`,
            ];
      return [...first, same, same, same];
    }).map((sizes) => `${sizes} forward,backward_data,backward_weights`),
    'inner_product 16 512 1000 forward,backward_data,backward_weights',
  ],
} satisfies Net;

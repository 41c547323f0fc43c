import { Model, type Shape, type Sym, layers, ops } from 'nodegrad';

type Activation = 'relu' | 'tanh';

interface ConvSettings {
  readonly strides?: number;
  readonly groups?: number;
  readonly padding?: 'same' | 'valid';
  readonly activation?: Activation;
}

const conv = (x: layers.KerasTensor, filters: number, kernelSize: number, settings: ConvSettings = {}) =>
  layers.conv2d({ filters, kernelSize, padding: 'same', activation: 'relu', ...settings }).apply(x);

const pool = (x: layers.KerasTensor, poolSize = 3, strides = 2, padding: 'same' | 'valid' = 'valid') =>
  layers.maxPooling2d({ poolSize, strides, padding }).apply(x);

const dense = (x: layers.KerasTensor, units: number, activation: Activation | 'softmax' = 'relu') =>
  layers.dense({ units, activation }).apply(x);

const dropout = (x: layers.KerasTensor, rate: number) => layers.dropout({ rate }).apply(x);

/** Each channel over a power of the squares of its neighbours, five of them; it has no weights (Krizhevsky et al., section 3.3). */
class LocalResponseNormalization extends layers.Layer {
  readonly className = 'LocalResponseNormalization';

  call(x: Sym) {
    const channels = x.shape.at(-1)!;
    // A row for each channel, with a 1 for each neighbour.
    const near = Array.from({ length: channels }, (_, i) =>
      Array.from({ length: channels }, (_, k) => Number(Math.abs(i - k) <= 2)),
    );
    const squares = ops.matmul(ops.square(x), near);
    return ops.multiply(x, ops.power(ops.add(2, ops.multiply(1e-4, squares)), -0.75));
  }
}

const normalized = (x: layers.KerasTensor) => new LocalResponseNormalization().apply(x);

const modelOf = (name: string, shape: Shape, body: (x: layers.KerasTensor) => layers.KerasTensor): Model => {
  const inputs = layers.input({ shape });
  return new Model({ inputs, outputs: body(inputs), name });
};

/**
 * LeNet-5 as it is taught (Y. LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998): each map of the second convolution
 * reads all six before it, pooling has no weights, and the output is a dense layer. As printed it has 60,000 weights.
 */
export const leNet5 = () =>
  modelOf('LeNet-5', [32, 32, 1], (image) => {
    let x = image;
    for (const filters of [6, 16]) {
      x = conv(x, filters, 5, { padding: 'valid', activation: 'tanh' });
      x = layers.averagePooling2d({ poolSize: 2 }).apply(x);
    }
    x = dense(dense(layers.flatten().apply(x), 120, 'tanh'), 84, 'tanh');
    return dense(x, 10, 'softmax');
  });

/** AlexNet (A. Krizhevsky, I. Sutskever, G. Hinton, 2012): the second, fourth and fifth convolution in two groups, one for each GPU of then. */
export const alexNet = () =>
  modelOf('AlexNet', [227, 227, 3], (image) => {
    let x = pool(normalized(conv(image, 96, 11, { strides: 4, padding: 'valid' })));
    x = pool(normalized(conv(x, 256, 5, { groups: 2 })));
    x = conv(conv(x, 384, 3), 384, 3, { groups: 2 });
    x = layers.flatten().apply(pool(conv(x, 256, 3, { groups: 2 })));
    for (let i = 0; i < 2; i++) x = dropout(dense(x, 4096), 0.5);
    return dense(x, 1000, 'softmax');
  });

/** The rows "inception" of the paper's table: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool proj; null is a pooling. */
const inceptions = [
  [64, 96, 128, 16, 32, 32],
  [128, 128, 192, 32, 96, 64],
  null,
  [192, 96, 208, 16, 48, 64],
  [160, 112, 224, 24, 64, 64],
  [128, 128, 256, 24, 64, 64],
  [112, 144, 288, 32, 64, 64],
  [256, 160, 320, 32, 128, 128],
  null,
  [256, 160, 320, 32, 128, 128],
  [384, 192, 384, 48, 128, 128],
] as const;

/** GoogLeNet (C. Szegedy et al., Going Deeper with Convolutions, 2014), without the two outputs in its middle, which are for training alone. */
export const googLeNet = () =>
  modelOf('GoogLeNet', [224, 224, 3], (image) => {
    let x = normalized(pool(conv(image, 64, 7, { strides: 2 }), 3, 2, 'same'));
    x = pool(normalized(conv(conv(x, 64, 1), 192, 3)), 3, 2, 'same');
    for (const row of inceptions) {
      if (row === null) {
        x = pool(x, 3, 2, 'same');
        continue;
      }
      const [one, reduce3, three, reduce5, five, projected] = row;
      const branches = [
        conv(x, one, 1),
        conv(conv(x, reduce3, 1), three, 3),
        conv(conv(x, reduce5, 1), five, 5),
        conv(pool(x, 3, 1, 'same'), projected, 1),
      ];
      x = layers.concatenate().apply(branches);
    }
    return dense(dropout(layers.globalAveragePooling2d().apply(x), 0.4), 1000, 'softmax');
  });

import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, type Sym, compile, grad, layers, ops, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const PERSPECTIVE = [
  0.0, 0.5669, 2.8639, 5.6579, 4.1356, 1.7487, 6.1955, 8.7266, 11.0759, 9.8173, 6.035, 11.5051, 13.6518,
  15.6562, 16.4818, 11.3309, 16.0026, 17.8476, 19.5791, 21.2073, 17.0709, 19.8611, 21.4649, 22.443, 20.6588,
];

const { image } = ops;
const numbers = (...shape: number[]) => {
  const length = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length }, (_, i) => ((i * 7) % 11) / 11),
    shape,
  );
};

describe('affineTransform', () => {
  it('divides by k = c0 x + c1 y + 1', async () => {
    // At (x, y) it reads the column 3 x / (x + 1) and the row y / (x + 1): of the first row 0, 1.5, 2.
    const y = image.affineTransform([[[10], [20], [40]]], [3, 0, 0, 0, 1, 0, 1, 0]);
    expect(Array.from(await y.data())).toEqual([10, 30, 40]);
  });

  it('takes one transform for a batch of unknown size', async () => {
    const input = layers.input({ shape: [4, 5, 2] });
    const model = new Model({
      inputs: input,
      outputs: image.affineTransform(input, [1, 0, 1, 0, 1, 2, 0, 0]),
    });
    expect(firstOf(model.outputs).shape).toEqual([-1, 4, 5, 2]);
    const x = numbers(3, 4, 5, 2);
    const made = await model.predict(x);
    const wanted = image.affineTransform(x, [1, 0, 1, 0, 1, 2, 0, 0]);
    expect(await made.data()).toEqual(await wanted.data());
  });

  it('gives NaN where the transform is NaN, and reads no place out of range', async () => {
    for (const fillMode of ['constant', 'nearest', 'wrap', 'mirror', 'reflect'] as const) {
      const y = image.affineTransform(numbers(2, 2, 1), [NaN, 0, 0, 0, 1, 0, 0, 0], { fillMode });
      expect((await y.data()).every(Number.isNaN)).toBe(true);
      const far = image.affineTransform(numbers(2, 2, 1), [1, 0, 1e30, 0, 1, -1e30, 0, 0], { fillMode });
      expect((await far.data()).length).toBe(4);
    }
  });
});

describe('perspectiveTransform', () => {
  const corners = [
    [0, 0],
    [0, 4],
    [4, 0],
    [4, 4],
  ];
  const moved = [
    [0.5, 0.25],
    [0, 4.5],
    [3.5, -0.5],
    [4.25, 3.75],
  ];

  it("gives Keras's numbers", async () => {
    // keras.ops.image.perspective_transform(arange(25.).reshape(5, 5, 1), corners, moved), 3.15.1 on PyTorch.
    const x = Float32Array.from({ length: 25 }, (_, i) => i);
    const y = await ops.image.perspectiveTransform(tensor(x, [5, 5, 1]), corners, moved).data();
    // Homographies are solved in float32 there.
    PERSPECTIVE.forEach((n, i) => expect(Math.abs(y[i]! - n)).toBeLessThan(1e-3));
    const two = ops.image.perspectiveTransform(
      tensor(Float32Array.from([...x, ...x]), [2, 1, 5, 5]),
      [corners, corners],
      [corners, moved],
      { dataFormat: 'channelsFirst' },
    );
    const both = await two.data();
    both.slice(0, 25).forEach((n, i) => expect(Math.abs(n - i)).toBeLessThan(1e-4));
    both.slice(25).forEach((n, i) => expect(Math.abs(n - y[i]!)).toBeLessThan(1e-4));
  });

  it('refuses other points', () => {
    expect(errorOf(() => ops.image.perspectiveTransform(numbers(4, 5, 3), [[1, 2]], corners))).toMatchObject({
      code: 'SHAPE',
    });
  });

  it('has a gradient by the points', async () => {
    const image = numbers(5, 5, 1);
    const loss = (points: Sym) => ops.sum(ops.square(ops.image.perspectiveTransform(image, points, moved)));
    const run = compile((points: Sym) => ({ y: loss(points), g: grad(loss(points), [points])[0] }));
    const at = async (by: number) => {
      const points = corners.map(([a, b], i) => [a! + 0.3 + (i === 3 ? by : 0), b! + 0.2]);
      return run(tensor(points));
    };
    const gradient = (await (await at(0)).g!.data())[6]!;
    const [up, down] = [(await (await at(1e-3)).y.data())[0]!, (await (await at(-1e-3)).y.data())[0]!];
    // Rounding of sums up to 10 over steps of 2e-3, and kinks between pixels.
    expect(Math.abs((up - down) / 2e-3 - gradient)).toBeLessThan(0.02 * Math.max(1, Math.abs(gradient)));
  });
});

describe('elasticTransform', () => {
  const x = numbers(2, 8, 9, 3);

  it('moves nothing with alpha 0', async () => {
    const y = ops.image.elasticTransform(x, { alpha: 0, sigma: 1 });
    expect(await y.data()).toEqual(await x.data());
  });

  it('leaves one colour as it is, up to the rounding of weights of sum 1', async () => {
    const gray = ops.add(ops.multiply(x, 0), 0.5);
    const y = await ops.image.elasticTransform(gray, { alpha: 30, sigma: 2 }).data();
    // Four weights below 1, each rounded a few times.
    y.forEach((n) => expect(Math.abs(n - 0.5)).toBeLessThan(1e-6));
  });

  it('draws the same numbers with a seed, others for each sample, and anew without', async () => {
    const draw = async (options: Parameters<typeof image.elasticTransform>[1]) =>
      Array.from(await ops.image.elasticTransform(x, { alpha: 5, sigma: 1, ...options }).data());
    expect(await draw({ seed: 3 })).toEqual(await draw({ seed: 3 }));
    expect(await draw({ seed: 3 })).not.toEqual(await draw({ seed: 4 }));
    expect(await draw({})).not.toEqual(await draw({}));
    const same = ops.concatenate([ops.slice(x, 0, 1), ops.slice(x, 0, 1)]);
    const y = Array.from(await ops.image.elasticTransform(same, { alpha: 5, sigma: 1, seed: 3 }).data());
    expect(y.slice(0, 216)).not.toEqual(y.slice(216));
  });

  it('has all channels move alike, along rows and along columns', async () => {
    const twice = ops.concatenate([x, x], { axis: -1 });
    const y = await image
      .elasticTransform(twice, { alpha: 5, sigma: 1, seed: 3, interpolation: 'nearest' })
      .data();
    for (let i = 0; i < y.length; i += 6) expect(y.slice(i, i + 3)).toEqual(y.slice(i + 3, i + 6));
    // What holds the numbers of its columns, or of its rows, changes by both kinds of moves.
    const row = Float32Array.from({ length: 72 }, (_, i) => i % 9);
    const column = Float32Array.from({ length: 72 }, (_, i) => Math.floor(i / 9));
    for (const place of [row, column]) {
      const moved = await image
        .elasticTransform(tensor(place, [8, 9, 1]), { alpha: 5, sigma: 1, seed: 3 })
        .data();
      expect(moved).not.toEqual(place);
    }
  });

  it('has a gradient: the sum of its weights, one for each pixel that is shown', async () => {
    const run = compile((a: Sym) => {
      const y = ops.image.elasticTransform(a, { alpha: 2, sigma: 1, seed: 3 });
      return grad(ops.sum(y), [a]);
    });
    const [gradient] = atLeast(await run(x), 1);
    const total = (await gradient.data()).reduce((a, b) => a + b, 0);
    // 432 numbers, each read with weights of sum 1.
    expect(Math.abs(total - 432)).toBeLessThan(432 * 1e-6);
  });
});

describe('images of a batch of unknown size', () => {
  it.each<[string, (x: layers.KerasTensor) => layers.KerasTensor, readonly number[]]>([
    ['resize', (x) => image.resize(x, [3, 9]), [-1, 3, 9, 2]],
    ['resize, nearest', (x) => image.resize(x, [3, 9], { interpolation: 'nearest' }), [-1, 3, 9, 2]],
    ['extractPatches', (x) => image.extractPatches(x, 2), [-1, 3, 2, 8]],
    ['gaussianBlur', (x) => image.gaussianBlur(x), [-1, 6, 5, 2]],
    ['sobelEdges', (x) => image.sobelEdges(x), [-1, 6, 5, 2, 2]],
    ['ssim', (x) => image.ssim(x, x, { filterSize: 3 }), [-1]],
    ['elasticTransform', (x) => ops.image.elasticTransform(x), [-1, 6, 5, 2]],
  ])('%s', (_, of, shape) => {
    expect(of(layers.input({ shape: [6, 5, 2] })).shape).toEqual(shape);
  });
});

describe('image ops refuse', () => {
  const x = numbers(4, 5, 3);
  it.each<[string, () => unknown, string, RegExp]>([
    ['another rank', () => image.resize([[1]], [2, 2]), 'SHAPE', /^\[resize\] expected one image of rank 3/],
    [
      'a size of one number',
      () => image.resize(x, [2] as never),
      'ARGUMENT',
      /^\[resize\] expected the size/,
    ],
    ['a size of 0', () => image.resize(x, [0, 2]), 'ARGUMENT', /^\[resize\] expected the size/],
    [
      'an unknown interpolation',
      () => image.resize(x, [2, 2], { interpolation: 'area' as never }),
      'ARGUMENT',
      /^\[resize\]/,
    ],
    [
      'both ratios',
      () => image.resize(x, [2, 2], { cropToAspectRatio: true, padToAspectRatio: true }),
      'ARGUMENT',
      /one of cropToAspectRatio and pad/,
    ],
    ['images without pixels', () => image.resize(numbers(0, 5, 3), [2, 2]), 'SHAPE', /at least one pixel/],
    [
      'a ratio of sides that are not known',
      () => image.resize(layers.input({ shape: [-1, 4, 3] }), [2, 2], { padToAspectRatio: true }),
      'SHAPE',
      /sides of known size/,
    ],
    [
      'two channels',
      () => image.rgbToGrayscale(numbers(4, 5, 2)),
      'SHAPE',
      /^\[rgbToGrayscale\] expected 3 channels/,
    ],
    [
      'whole numbers as colours',
      () => image.rgbToHsv(tensor(new Uint8Array(3), [1, 1, 3])),
      'DTYPE',
      /float32 images/,
    ],
    [
      'three numbers of a margin',
      () => image.cropImages(x, { topCropping: 1, bottomCropping: 1, targetHeight: 2 }),
      'ARGUMENT',
      /two of topCropping/,
    ],
    [
      'a crop larger than the image',
      () => image.cropImages(x, { topCropping: 1, targetHeight: 9, leftCropping: 0, rightCropping: 0 }),
      'ARGUMENT',
      /of 0 or more/,
    ],
    [
      'a target smaller than the image',
      () => image.padImages(x, { topPadding: 1, targetHeight: 4, leftPadding: 0, rightPadding: 0 }),
      'ARGUMENT',
      /of 0 or more/,
    ],
    ['order 2', () => image.mapCoordinates([1, 2], [[0]], 2 as never), 'ARGUMENT', /0 or 1 as order/],
    [
      'coordinates of another rank',
      () => image.mapCoordinates([[1, 2]], [[0]], 1),
      'SHAPE',
      /coordinates \[2, ...\]/,
    ],
    [
      'a transform of six numbers',
      () => image.affineTransform(x, [1, 0, 0, 0, 1, 0]),
      'SHAPE',
      /a transform \[8\]/,
    ],
    ['patches larger than the image', () => image.extractPatches(x, 6), 'SHAPE', /a side of at least 6/],
    [
      'a window of no size',
      () => image.gaussianBlur(x, { kernelSize: [0, 3] }),
      'ARGUMENT',
      /positive integer/,
    ],
    ['a window of sigma 0', () => image.gaussianBlur(x, { sigma: [0, 1] }), 'ARGUMENT', /positive number/],
    [
      'a scale of 0',
      () => image.scaleAndTranslate(x, [4, 5, 3], [0], [0], [0], 'linear'),
      'ARGUMENT',
      /positive number for scale/,
    ],
    [
      'an axis twice',
      () => image.scaleAndTranslate(x, [4, 5, 3], [1, 1], [0, 0], [0, 0], 'linear'),
      'ARGUMENT',
      /each axis once/,
    ],
  ])('%s', (_, call, code, message) => {
    expect(errorOf(call)).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

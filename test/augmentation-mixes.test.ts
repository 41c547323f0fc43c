/** Layers that mix images with others, choose among layers, or distort by noise. */
import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { type Tensor, layers, ops, tensor } from '../lib/index.js';
import { type ImageLayer, numbersOf, picture } from './support/images.js';

const N = 4096;
const many = (n: number, height = 1, width = 1) =>
  tensor(new Float32Array(n * height * width), [n, height, width, 1]);
const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;

/** The share of numbers of a beta distribution with both parameters alpha: a mean of 1/2 and a variance of 1/(4(2α + 1)). */
function expectBeta(shares: readonly number[], alpha: number) {
  const variance = 1 / (4 * (2 * alpha + 1));
  const n = shares.length;
  expect(shares.every((x) => x >= 0 && x <= 1)).toBe(true);
  expect(Math.abs(mean(shares) - 0.5)).toBeLessThan(5 * Math.sqrt(variance / n));
  // Squares of distances are from 0 to 1/4: their variance is 1/64 at most.
  const squares = shares.map((x) => (x - 0.5) ** 2);
  expect(Math.abs(mean(squares) - variance)).toBeLessThan(5 * Math.sqrt(1 / 64 / n));
}

describe('mixUp', () => {
  it.each([0.2, 1, 3])('draws shares of a beta distribution with alpha %s, and an order', (alpha) => {
    const t = layers.mixUp({ alpha }).getRandomTransformation(many(N), { seed: 2 })!;
    expectBeta(numbersOf(t.mixWeight as Tensor), alpha);
    const order = numbersOf(t.permutationOrder as Tensor);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: N }, (_, i) => i));
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });

  it('mixes labels and masks, also of whole numbers, and gives images the boxes of both', () => {
    const mix = layers.mixUp({ boundingBoxFormat: 'xyxy' });
    const t = { mixWeight: tensor([0.25, 0.5]), permutationOrder: tensor([1, 0], [2], 'int32') };
    expect(mix.transformLabels(tensor([2, 6], [2], 'int32'), t).arraySync()).toEqual([5, 4]);
    const masks = mix.transformSegmentationMasks(tensor([4, 8], [2, 1, 1, 1], 'int32'), t);
    expect(masks.dtype).toBe('float32');
    expect(numbersOf(masks)).toEqual([7, 6]);
    const boxes = tensor([[[0, 0, 1, 1]], [[2, 2, 3, 3]]]);
    const made = mix.transformBoundingBoxes({ boxes, labels: tensor([[7], [9]], [2, 1], 'int32') }, t);
    expect(made.boxes.arraySync()).toEqual([
      [
        [0, 0, 1, 1],
        [2, 2, 3, 3],
      ],
      [
        [2, 2, 3, 3],
        [0, 0, 1, 1],
      ],
    ]);
    expect(made.labels.arraySync()).toEqual([
      [7, 9],
      [9, 7],
    ]);
  });
});

describe('cutMix', () => {
  it('draws patches whose area is the share of the other image', () => {
    const t = layers.cutMix({ factor: [1, 1] }).getRandomTransformation(many(N, 10, 20), { seed: 2 })!;
    const shares = numbersOf(t.mixWeight as Tensor);
    expectBeta(shares, 1);
    const rows = (t.corners as Tensor).arraySync() as number[][];
    rows.forEach((given, i) => {
      const [left, top, right, bottom] = atLeast(given, 4);

      // Differences of numbers up to 20, rounded some four times.
      expect(Math.abs((right - left) * (bottom - top) - (1 - itemAt(shares, i)) * 200)).toBeLessThan(
        200 * 8 * 2 ** -24 * 20,
      );
    });
  });

  it('draws finite numbers for the smallest parameters, too', () => {
    const t = layers.cutMix({ factor: [0, 0] }).getRandomTransformation(many(64), { seed: 2 })!;
    const shares = numbersOf(t.mixWeight as Tensor);
    // Almost all of the distribution is at its ends.
    expect(shares.every((x) => x < 1e-3 || x > 1 - 1e-3)).toBe(true);
    expect(new Set(shares.map(Math.round)).size).toBe(2);
  });

  it('masks get the patch, too, and keep their dtype', () => {
    const t = {
      permutationOrder: tensor([1, 0], [2], 'int32'),
      corners: tensor([
        [0, 0, 1, 2],
        [1, 0, 2, 1],
      ]),
      mixWeight: tensor([0.5, 0.75]),
    };
    const masks = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2], 'int32');
    const made = layers.cutMix().transformSegmentationMasks(masks, t);
    expect(made.dtype).toBe('int32');
    expect(numbersOf(made)).toEqual([5, 2, 7, 4, 5, 2, 7, 8]);
  });
});

/** The layers of which randAugment and augMix choose, in their order. */
const chosen = (factor: readonly [number, number]): ImageLayer[] => [
  layers.randomShear({ xFactor: factor, yFactor: factor, boundingBoxFormat: 'xyxy' }),
  layers.randomTranslation({ heightFactor: factor, widthFactor: factor, boundingBoxFormat: 'xyxy' }),
  layers.randomRotation({ factor, boundingBoxFormat: 'xyxy' }),
  layers.randomPosterization({ factor: Math.max(1, Math.trunc(8 * factor[1])) }),
  layers.solarization({ additionFactor: factor, thresholdFactor: factor }),
  layers.autoContrast(),
  layers.equalization(),
  layers.randomBrightness({ factor }),
  layers.randomColorDegeneration({ factor }),
  layers.randomContrast({ factor }),
  layers.randomSharpness({ factor }),
];

describe('randAugment', () => {
  const augment = layers.randAugment({ factor: [0.1, 0.4], boundingBoxFormat: 'xyxy' });
  const drawn = augment.getRandomTransformation(picture(), { seed: 4 })!;
  const which = (...list: number[]) => ({ ...drawn, layerIndices: tensor(list, [list.length], 'int32') });

  it.each(chosen([0.1, 0.4]).map((layer, i) => [layer.className, i, layer] as const))(
    'is %s where that is chosen',
    (_, i, layer) => {
      const own = numbersOf(layer.transformImages(picture(), itemAt(drawn.transforms, i)));
      const y = augment.transformImages(picture(), which(i));
      // Both are float32; the sums may be made in another order.
      numbersOf(y).forEach((n, at) => {
        expect(Math.abs(n - itemAt(own, at))).toBeLessThan(255 * 2 ** -20);
      });
    },
  );

  it('goes through several changes, one after another', () => {
    const once = augment.transformImages(picture(), which(9));
    const twice = numbersOf(augment.transformImages(once, which(2)));
    const y = numbersOf(augment.transformImages(picture(), which(9, 2)));
    y.forEach((n, at) => {
      expect(Math.abs(n - itemAt(twice, at))).toBeLessThan(255 * 2 ** -20);
    });
  });

  it('moves boxes and masks with the images', () => {
    const [, shift] = atLeast(chosen([0.1, 0.4]), 2);
    const masks = ops.cast(ops.slice(picture(), 0, [-1, -1, -1, 1]), 'int32');
    const t = itemAt(drawn.transforms, 1);
    const made = augment.transformSegmentationMasks(masks, which(1));
    expect(numbersOf(made)).toEqual(numbersOf(shift.transformSegmentationMasks(masks, t)));
    expect(numbersOf(augment.transformSegmentationMasks(masks, which(8)))).toEqual(numbersOf(masks));
    const boxes = {
      boxes: tensor(Array.from({ length: 3 }, () => [[1, 1, 3, 3]])),
      labels: tensor([1, 2, 3], [3, 1], 'int32'),
    };
    const moved = augment.transformBoundingBoxes(boxes, which(1));
    expect(numbersOf(moved.boxes)).toEqual(numbersOf(shift.transformBoundingBoxes(boxes, t).boxes));
  });

  it('chooses each layer as often', () => {
    const counts = Array<number>(11).fill(0);
    for (let seed = 0; seed < 550; seed++) {
      const { layerIndices } = augment.getRandomTransformation(many(1), { seed })!;
      for (const i of numbersOf(layerIndices as Tensor)) counts[i]!++;
    }
    // Of 1100 with a probability of 1/11: 100, with a deviation of √(1100 · 10/121) = 9.6.
    for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(5 * 9.6);
  });
});

describe('augMix', () => {
  it('mixes the images with what the chains make of them', () => {
    const mix = layers.augMix({ numChains: 2, chainDepth: 2, factor: [0.1, 0.4] });
    const t = mix.getRandomTransformation(picture(), { seed: 4 })!;
    const all = chosen([0.1, 0.4]);
    const chains = {
      ...t,
      // 11 is none.
      layerIndices: tensor(
        [
          [9, 11],
          [2, 8],
        ],
        [2, 2],
        'int32',
      ),
      chainMixingWeights: tensor([0.25, 0.75]),
      weightSample: tensor(0.5),
    };
    const first = itemAt(all, 9).transformImages(picture(), itemAt(firstOf(firstOf(t.chainTransforms)), 9));
    const turned = itemAt(all, 2).transformImages(
      picture(),
      itemAt(firstOf(itemAt(t.chainTransforms, 1)), 2),
    );
    const second = itemAt(all, 8).transformImages(turned, itemAt(itemAt(itemAt(t.chainTransforms, 1), 1), 8));
    const [a, b, x] = [first, second, picture()].map(numbersOf) as [number[], number[], number[]];
    const y = numbersOf(mix.transformImages(picture(), chains));
    y.forEach((n, i) => {
      expect(
        Math.abs(n - (0.5 * itemAt(x, i) + 0.5 * (0.25 * itemAt(a, i) + 0.75 * itemAt(b, i)))),
      ).toBeLessThan(255 * 2 ** -20);
    });
  });

  it('draws shares whose sum is 1, and as many layers as there are, and none', () => {
    const mix = layers.augMix({ allOps: false });
    const seen = new Set<number>();
    const shares: number[] = [];
    const own: number[] = [];
    for (let seed = 0; seed < 300; seed++) {
      const t = mix.getRandomTransformation(many(1), { seed })!;
      const weights = numbersOf(t.chainMixingWeights as Tensor);
      expect(Math.abs(weights.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(4 * 2 ** -23);
      shares.push(firstOf(weights));
      own.push(firstOf(numbersOf(t.weightSample as Tensor)));
      for (const i of numbersOf(t.layerIndices as Tensor)) seen.add(i);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    // A share of a Dirichlet distribution of three ones: a mean of 1/3, a variance of 1/18.
    expect(Math.abs(mean(shares) - 1 / 3)).toBeLessThan(5 * Math.sqrt(1 / 18 / 300));
    expectBeta(own, 1);
  });
});

describe('randomElasticTransform', () => {
  const elastic = layers.randomElasticTransform({ scale: [0, 1] });
  const x = tensor(
    Float32Array.from({ length: 20 * 20 * 3 }, (_, i) => (i * 37) % 256),
    [1, 20, 20, 3],
  );
  const moved = (strength: number, noise: number, apply = true) =>
    elastic.transformImages(x, {
      applyTransform: tensor([apply]),
      distortionFactor: tensor(strength),
      noise: tensor(
        Float32Array.from({ length: 800 }, (_, i) => (i % 2 === 0 ? noise : 0)),
        [1, 20, 20, 2],
      ),
    });

  it('moves nothing without strength, without noise, and where it is not to', () => {
    for (const y of [moved(0, 1), moved(1, 0), moved(1, 1, false)])
      expect(numbersOf(y)).toEqual(numbersOf(x));
  });

  it('moves the middle by a tenth of the side times the noise and its deviation, a twentieth of it', () => {
    // 0.1 · 20 pixels · 0.05 · 20 pixels · 0.5 = 1 pixel to the right; the window has 7 pixels, so the border of 3 sees zeros.
    const y = moved(1, 0.5).arraySync() as number[][][][];
    const before = x.arraySync() as number[][][][];
    for (let i = 3; i < 17; i++)
      for (let j = 3; j < 16; j++)
        for (let c = 0; c < 3; c++)
          // The sum of the 49 weights is rounded 50 times, each pixel differs from the next by 255 at most.
          expect(
            Math.abs(
              itemAt(itemAt(itemAt(firstOf(y), i), j), c) -
                itemAt(itemAt(itemAt(firstOf(before), i), j + 1), c),
            ),
          ).toBeLessThan(255 * 64 * 2 ** -24 * 20);
  });

  it('refuses boxes, as cutMix does', () => {
    const boundingBoxes = { boxes: [[[0, 0, 1, 1]]], labels: [[1]] };
    for (const layer of [
      layers.randomElasticTransform({ boundingBoxFormat: 'xyxy' }),
      layers.cutMix({ boundingBoxFormat: 'xyxy' }),
    ] as unknown as ImageLayer[])
      expect(() => layer.apply({ images: picture(1), boundingBoxes })).toThrow('without bounding boxes');
  });
});

it('randomGaussianBlur sees through the window of gaussianBlur, also one that is no square', () => {
  const blur = layers.randomGaussianBlur({ kernelSize: [5, 3] });
  const t = { shouldApplyBlur: tensor([true, false, true]), blurFactor: tensor([0.5, 0.75]) };
  const y = numbersOf(blur.transformImages(picture(), t));
  const all = numbersOf(ops.image.gaussianBlur(picture(), { kernelSize: [5, 3], sigma: [0.5, 0.75] }));
  const x = numbersOf(picture());
  const size = x.length / 3;
  y.forEach((n, i) => {
    // Sums of 15 products, weights rounded some 8 times.
    expect(Math.abs(n - (Math.floor(i / size) === 1 ? itemAt(x, i) : itemAt(all, i)))).toBeLessThan(
      255 * 32 * 2 ** -24,
    );
  });
});

describe('wrong options', () => {
  it.each([
    ['alpha', () => layers.mixUp({ alpha: 0 }), 'positive number'],
    ['factor', () => layers.cutMix({ factor: 2 }), 'from 0 up to 1'],
    ['kernelSize', () => layers.randomGaussianBlur({ kernelSize: 4 }), 'odd number'],
    ['sigma', () => layers.randomGaussianBlur({ sigma: 2 }), 'from 0 up to 1'],
    ['scale', () => layers.randomPerspective({ scale: 2 }), 'from 0 to 1'],
    ['xFactor', () => layers.randomShear({ xFactor: -0.1 }), 'from 0 up to 1'],
    ['bins', () => layers.equalization({ bins: 1 }), 'integer of 2 or more'],
    [
      'tileGridSize',
      () => layers.contrastLimitedAdaptiveHistogramEqualization({ tileGridSize: [0, 1] }),
      'positive integers',
    ],
    ['clipLimit', () => layers.contrastLimitedAdaptiveHistogramEqualization({ clipLimit: -1 }), '0 or more'],
    ['numOps', () => layers.randAugment({ numOps: 0 }), 'positive integer'],
    ['allOps', () => layers.augMix({ allOps: 1 as never }), 'true or false'],
    ['maxNumber', () => layers.maxNumBoundingBoxes({ maxNumber: 0.5 }), 'positive integer'],
    ['fillMode', () => layers.randomElasticTransform({ fillMode: 'edge' as never }), "'mirror'"],
  ] as const)('%s', (name, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
    expect(make).toThrow(name);
    expect(make).toThrow(message);
  });
});

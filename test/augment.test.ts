/** augment: layers that change images as the function of a data set's map. */
import { firstOf, itemAt, mapTuple } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Dataset, type Tensor, augment, layers, ops, setSeed, tensor } from '../lib/index.js';
import { numbersOf, picture } from './support/images.js';

const x = () => Float32Array.from({ length: 6 * 48 }, (_, i) => (i * 37) % 256);
const images = () => ops.reshape(tensor(x()), [6, 4, 4, 3]);
const steps = () => [layers.randomFlip(), layers.randomRotation({ factor: 0.3 })];

async function all(dataset: Dataset<[Tensor, Tensor]>): Promise<number[][]> {
  const made: number[][] = [];
  for await (const [image, label] of dataset) made.push([...numbersOf(image), ...numbersOf(label)]);
  return made;
}
const pairs = () => Dataset.fromArrays(images(), tensor([0, 1, 2, 3, 4, 5])).batch(2);
type Pairs = Dataset<[Tensor, Tensor]>;

/** Shapes and numbers of images and of what belongs to them. */
const partsOf = ({
  images: made,
  labels,
  segmentationMasks,
  boundingBoxes,
}: layers.LabelledImages<Tensor>) => {
  const parts = {
    made,
    labels,
    segmentationMasks,
    boxes: boundingBoxes?.boxes,
    classes: boundingBoxes?.labels,
  };
  return Object.fromEntries(
    Object.entries(parts).flatMap(([name, part]) => (part ? [[name, [part.shape, numbersOf(part)]]] : [])),
  );
};
/** Layers that cannot move boxes, as in Keras. */
const REFUSE_BOXES = ['CutMix', 'RandomElasticTransform'];

describe('augment', () => {
  it('changes the images of a data set, the same for a seed however many are made at once', async () => {
    const made = (calls: number) =>
      all(pairs().map(augment(steps(), { seed: 3 }), { numParallelCalls: calls }));
    const one = await made(1);
    expect(await made(3)).toEqual(one);
    expect(one.map((element) => element.slice(-2))).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    const before = numbersOf(images());
    expect(one.flatMap((element) => element.slice(0, -2))).not.toEqual(before);
    const other = pairs().map(augment(steps(), { seed: 4 })) as unknown as Pairs;
    expect(await all(other)).not.toEqual(one);
  });

  it('depends on the place and the pass alone', () => {
    const change = augment(steps(), { seed: 3 });
    const [a, b, c] = [change(picture(), 2, 0), change(picture(), 3, 0), change(picture(), 2, 1)].map(
      numbersOf,
    );
    expect(numbersOf(augment(steps(), { seed: 3 })(picture(), 2, 0))).toEqual(a);
    expect(b).not.toEqual(a);
    expect(c).not.toEqual(a);
  });

  it('applies the layers one after another, each with draws of its own', () => {
    const shift = () => layers.randomBrightness({ factor: 0.1, valueRange: [-1e4, 1e4] });
    const [once, twice] = mapTuple([[shift()], [shift(), shift()]], (list) =>
      numbersOf(augment(list, { seed: 1 })(picture(), 0, 0)),
    );
    const before = numbersOf(picture());
    const [first, second] = [firstOf(once) - firstOf(before), firstOf(twice) - firstOf(once)];
    expect(Math.abs(first - second)).toBeGreaterThan(1);
  });

  it('takes records, single images and nested arrays', () => {
    const change = augment(layers.randomFlip({ seed: 1 }));
    const { images: made, labels } = change({ images: picture(), labels: [1, 2, 3] }, 5, 0);
    expect(numbersOf(change(picture(), 5, 0))).toEqual(numbersOf(made));
    expect(numbersOf(change(picture().arraySync(), 5, 0))).toEqual(numbersOf(made));
    expect(labels!.arraySync()).toEqual([1, 2, 3]);
    expect(change(ops.squeeze(picture(1), 0), 0, 0).shape).toEqual([5, 6, 3]);
  });

  it('follows setSeed without a seed', () => {
    const drawn = () => {
      setSeed(7);
      return numbersOf(augment(steps())(picture(), 0, 0));
    };
    expect(drawn()).toEqual(drawn());
  });

  const drawing = (seed: number, options: object) => {
    const given = { seed, ...options };
    return [
      layers.randomFlip(given),
      layers.randomRotation({ factor: 0.3, ...given }),
      layers.randomBrightness({ factor: 0.2, ...given }),
      layers.randomTranslation({ heightFactor: 0.3, widthFactor: 0.3, ...given }),
      layers.randomContrast({ factor: 0.5, ...given }),
      layers.randomZoom({ heightFactor: 0.3, ...given }),
      layers.randomShear({ xFactor: 0.2, yFactor: 0.2, ...given }),
      layers.randomSaturation({ factor: [0.2, 0.5], ...given }),
      layers.randomPerspective({ factor: 0.5, ...given }),
      layers.randomHue({ factor: 0.5, ...given }),
      layers.randomErasing({ scale: [0.1, 0.3], ...given }),
      layers.randomSharpness({ factor: [0, 1], ...given }),
      layers.randomElasticTransform({ factor: [0.5, 1], scale: [0.5, 1], ...given }),
      layers.randomGaussianBlur({ factor: [0.5, 1], ...given }),
      layers.randomGrayscale({ factor: 0.5, ...given }),
      layers.randomColorDegeneration({ factor: 0.5, ...given }),
      layers.randomInvert({ factor: [0.5, 0.5], ...given }),
      layers.randomColorJitter({ brightnessFactor: 0.2, contrastFactor: 0.3, hueFactor: 0.1, ...given }),
      layers.randomPosterization({ factor: 5, ...given }),
      layers.solarization({ additionFactor: 0.2, thresholdFactor: 0.5, ...given }),
      layers.randAugment(given),
      layers.augMix({ numChains: 2, chainDepth: 2, ...given }),
      layers.mixUp({ alpha: 1, ...given }),
      layers.cutMix(given),
      layers.randomCrop({ height: 4, width: 5, ...given }),
    ];
  };

  it('has every layer that draws in the list of the next test', () => {
    const listed = drawing(1, {}).map((layer) => layer.constructor.name);
    const all = Object.keys(layers).filter((name) =>
      /^(Random\w+|AugMix|RandAugment|MixUp|CutMix|Solarization)$/.test(name),
    );
    expect(listed.sort()).toEqual(all.sort());
  });

  // One program for all layers, and one for each: what is fused otherwise computes the same.
  it.each(drawing(1, {}).flatMap((layer, i) => [1, 5].map((n) => [layer.constructor.name, i, n] as const)))(
    'a chain that begins with %s is its layers one by one (%#: layer %i, batch %i)',
    (_, first, n) => {
      const list = drawing(11, { boundingBoxFormat: 'xyxy' });
      const chain = [...list, ...list].slice(first, first + 4);
      const classes = tensor(new Int32Array(n).map((_, i) => i));
      const corners = new Float32Array(n * 8).map((_, i) => itemAt([0, 1, 3, 4, 2, 0, 5, 3], i % 8));
      const masks = new Float32Array(n * 30).map((_, i) => i % 3);
      const boundingBoxes = {
        boxes: tensor(corners, [n, 2, 4]),
        labels: tensor(
          new Float32Array(n * 2).map((_, i) => i % 3),
          [n, 2],
        ),
      };
      const takesBoxes = !chain.some(({ constructor: { name } }) => REFUSE_BOXES.includes(name));
      const given: layers.LabelledImages<Tensor> = {
        images: picture(n),
        labels: ops.oneHot(classes, { depth: n }),
        segmentationMasks: tensor(masks, [n, 5, 6, 1]),
        ...(takesBoxes && { boundingBoxes }),
      };
      const together = partsOf(augment(chain)(given, 3, 2));
      const alone = partsOf(chain.reduce((data, layer) => augment(layer)(data, 3, 2), given));
      expect(Object.keys(together).length).toBe(takesBoxes ? 5 : 3);
      expect(together).toEqual(alone);
    },
  );

  it.each([
    ['no layers', () => augment([]), 'at least one'],
    ['another layer', () => augment([layers.flatten() as never]), 'layers that change images'],
    ['an unknown option', () => augment(steps(), { sed: 1 } as never), "did you mean 'seed'"],
    ['a wrong seed', () => augment(steps(), { seed: 0.5 }), 'an integer as seed'],
  ] as const)('refuses %s', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
    expect(make).toThrow(message);
  });
});

/** augment: layers that change images as the function of a data set's map. */
import { firstOf, mapTuple } from '../lib/base/list.js';
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

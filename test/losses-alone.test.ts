import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  NDArray,
  Sequential,
  type Sym,
  compile,
  layers,
  losses,
  ops,
  tensor,
  variable,
} from '../lib/index.js';
import { errorOf, rejectionOf } from './support/run.js';

interface Fixture {
  embeddings: number[][];
  labels: number[];
  yTrue: number[][][];
  yPred: number[][][];
  mask: boolean[][];
  weights: Record<string, number[] | number[][] | null>;
  circle: { options: losses.CircleOptions; weights: number[] | null; loss: number | number[] }[];
  cases: {
    loss: 'MeanSquaredError' | 'Huber' | 'Dice';
    reduction: string;
    weights: string;
    masked: boolean;
    value: unknown;
  }[];
}
/** Keras's numbers, by make_losses_alone.py. */
const fixture = JSON.parse(
  readFileSync(new URL('fixtures/losses_alone.json', import.meta.url), 'utf8'),
) as Fixture;
const camel = (text: string) => text.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Keras computes in float32 too: some units in the last place, of sums of at most 36 terms. */
const agree = async (value: { data(): Promise<ArrayLike<number>> }, wanted: unknown) => {
  const numbers = Array.from(await value.data());
  const list = [wanted].flat(Infinity) as number[];
  expect(numbers).toHaveLength(list.length);
  numbers.forEach((number, i) => {
    expect(Math.abs(number - itemAt(list, i))).toBeLessThanOrEqual(
      4e-6 * Math.max(1, Math.abs(itemAt(list, i))),
    );
  });
};

describe('circle', () => {
  it.each(fixture.circle)(
    '$options.gamma $options.margin $options.removeDiagonal $options.reduction',
    async (row) => {
      const loss = losses.circle({
        ...row.options,
        reduction: camel(row.options.reduction as string) as never,
      });
      const { labels, embeddings } = fixture;
      await agree(loss.apply(labels, embeddings, row.weights ?? undefined), row.loss);
      await agree(
        loss.apply(
          labels.map((label) => [label]),
          embeddings,
          row.weights ?? undefined,
        ),
        row.loss,
      );
    },
  );

  it('trains, of one class or of samples without a pair too', async () => {
    const x = new NDArray(
      Float32Array.from({ length: 48 }, (_, i) => Math.sin(i * 12.9898)),
      [16, 3],
    );
    const model = new Sequential([
      layers.input({ shape: [3] }),
      layers.dense({ units: 4 }),
      layers.unitNormalization(),
    ]);
    model.compile({ optimizer: 'adam', loss: 'circle' });
    const labels = Array.from({ length: 16 }, (_, i) => i % 3);
    const { history } = await model.fit(x, labels, { epochs: 60, verbose: 0, batchSize: 16 });
    expect(history['loss']!.at(-1)).toBeLessThan(firstOf(history['loss']!));
    for (const alone of [labels.map(() => 1), labels.map((_, i) => i)]) {
      await model.fit(x, alone, { verbose: 0 });
      for (const { data } of await model.getWeights())
        expect(Array.from(data).every(Number.isFinite)).toBe(true);
    }
  });

  it('refuses other shapes and options', () => {
    expect(errorOf(() => losses.circle({ gamma: NaN })).message).toMatch(/finite number for gamma/);
    expect(errorOf(() => losses.circle().apply([[0, 1]], [[1, 0]]))).toMatchObject({ code: 'SHAPE' });
  });
});

describe('a loss by itself', () => {
  const { yTrue, yPred, mask, weights } = fixture;

  it.each(fixture.cases)('$loss, $reduction, weights $weights, masked $masked', async (row) => {
    const options = { reduction: camel(row.reduction) as losses.Reduction };
    const loss =
      row.loss === 'Huber' ? losses.huber({ ...options, delta: 0.2 }) : new losses[row.loss](options);
    const weight = weights[row.weights] ?? undefined;
    if (!row.masked) await agree(loss.apply(yTrue, yPred, weight), row.value);
    const step = compile((...given: readonly Sym[]) => {
      const [y, p, m] = atLeast(given, 3);
      const w = given[3];
      p.mask = row.masked ? m : undefined;
      return loss.apply(y, p, w);
    });
    const steps = tensor(mask);
    await agree(await (weight ? step(yTrue, yPred, steps, weight) : step(yTrue, yPred, steps)), row.value);
  });

  it('takes tensors, variables and numbers of any dtype, and gives gradients in a step', async () => {
    const loss = losses.meanSquaredError();
    await agree(loss.apply(tensor([1, 2], [2], 'int32'), variable([[3], [2]])), 2);
    await agree(loss.apply([[1], [2]], tensor(Uint8Array.of(3, 2), [2, 1])), 2);
    const own = new (class Own extends losses.Loss {
      readonly className = 'Own';
      call(yTrue: Sym, yPred: Sym) {
        return ops.mean(ops.abs(ops.subtract(yTrue, yPred)), { axis: -1 });
      }
    })({ reduction: 'none' });
    await agree(
      own.apply(
        [
          [1, 2],
          [5, 5],
        ],
        [
          [2, 2],
          [7, 1],
        ],
        [1, 2],
      ),
      [0.5, 6],
    );
    await agree(
      own.apply(
        [
          [1, 2],
          [5, 5],
        ],
        [
          [2, 2],
          [7, 1],
        ],
      ),
      [0.5, 3],
    );
  });

  it('refuses what does not fit', async () => {
    const loss = losses.meanSquaredError();
    expect(errorOf(() => loss.apply([[1, 2]], [[1, 2, 3]]))).toMatchObject({ code: 'SHAPE' });
    expect(errorOf(() => loss.apply([[1]], [[1]], [1, 2, 3]))).toMatchObject({ name: 'EngineError' });
    const mixed = compile((x: Sym) => loss.apply([[1]], x));
    await agree(await mixed([[3]]), 4);
    expect(await rejectionOf(mixed([[3, 4]]))).toMatchObject({ code: 'SHAPE' });
  });
});

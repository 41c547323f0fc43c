/** ops.image.nonMaxSuppression against TensorFlow's op, which TF.js has, too (fixtures/make_suppression.py). */
import { readFileSync } from 'node:fs';
import { Model, type Sym, compile, grad, layers, ops, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { errorOf } from './support/run.js';

interface Case {
  boxes: number[][];
  scores: number[];
  most: number;
  options: ops.image.NonMaxSuppressionOptions;
  indices: number[];
  values: number[];
}
const cases = JSON.parse(
  readFileSync(new URL('fixtures/suppression.json', import.meta.url), 'utf8'),
) as Case[];
const { nonMaxSuppression } = ops.image;

const filled = (list: readonly number[], most: number, by: number) => [
  ...list,
  ...Array<number>(most - list.length).fill(by),
];
interface Made {
  readonly selectedIndices: Numbers;
  readonly selectedScores: Numbers;
  readonly validOutputs: Numbers;
}
interface Numbers {
  dataSync(): ArrayLike<number>;
}

/** Scores are multiplied by as many factors as boxes were selected before, 40 at most, with a rounding or two each. */
const BOUND = 80 * 2 ** -24;

function expectCase({ most, indices, values }: Case, made: Made): void {
  expect(Array.from(made.selectedIndices.dataSync())).toEqual(filled(indices, most, -1));
  expect(Array.from(made.validOutputs.dataSync())).toEqual([indices.length]);
  Array.from(made.selectedScores.dataSync()).forEach((score, i) => {
    expect(Math.abs(score - (values[i] ?? 0))).toBeLessThanOrEqual(BOUND);
  });
}

describe('nonMaxSuppression', () => {
  it.each(cases)('selects what TensorFlow does: $most, $options', (row) => {
    expectCase(row, nonMaxSuppression(row.boxes, row.scores, row.most, row.options));
  });

  it.each(cases.slice(0, 4))('in a compiled function of any count of boxes: $most', async (row) => {
    const select = compile((boxes: Sym, scores: Sym) =>
      nonMaxSuppression(boxes, scores, row.most, row.options),
    );
    expectCase(row, await select(row.boxes, row.scores));
    expectCase(row, await select(row.boxes, row.scores));
  });

  it('takes several images, and other formats', () => {
    const [a, b] = [cases[4], cases[5]] as [Case, Case];
    const boxes = ops.stack([a.boxes, b.boxes]);
    const made = nonMaxSuppression(boxes, [a.scores, b.scores], a.most, a.options);
    expect(made.selectedIndices.shape).toEqual([2, a.most]);
    expect(Array.from(made.selectedIndices.dataSync())).toEqual([
      ...filled(a.indices, a.most, -1),
      ...filled(b.indices, a.most, -1),
    ]);
    expect(Array.from(made.validOutputs.dataSync())).toEqual([a.indices.length, b.indices.length]);
    const middles = a.boxes.map(([y1 = 0, x1 = 0, y2 = 0, x2 = 0]) => [
      (x1 + x2) / 20,
      (y1 + y2) / 20,
      (x2 - x1) / 10,
      (y2 - y1) / 10,
    ]);
    expectCase(
      a,
      nonMaxSuppression(middles, a.scores, a.most, { ...a.options, boundingBoxFormat: 'relCenterXywh' }),
    );
  });

  it('selects in a model, of a batch of any size', async () => {
    const [a, b] = [cases[4], cases[5]] as [Case, Case];
    const boxes = layers.input({ shape: [30, 4] });
    const scores = layers.input({ shape: [30] });
    const { selectedIndices, validOutputs } = nonMaxSuppression(boxes, scores, 10, a.options);
    expect(selectedIndices.shape).toEqual([-1, 10]);
    const made = new Model({ inputs: [boxes, scores], outputs: [selectedIndices, validOutputs] });
    const model = Model.fromConfig(made.getConfig());
    const predicted = (await model.predict([
      ops.stack([a.boxes, b.boxes, a.boxes]),
      ops.stack([a.scores, b.scores, a.scores]),
    ])) as readonly Numbers[];
    const first = filled(a.indices, 10, -1);
    const [indices = [], counts = []] = predicted.map((one) => Array.from(one.dataSync()));
    expect(indices.slice(0, 10)).toEqual(first);
    expect(indices.slice(20)).toEqual(first);
    expect(counts[0]).toBe(a.indices.length);
  });

  it('keeps boxes that overlap by the threshold alone, has no use for NaN, and may select none', () => {
    const boxes = [
      [0, 0, 2, 1],
      [0, 0, 1, 1],
      [0, 0, 1, 1],
    ];
    // The IoU is 0.5; torchvision's nms keeps what is not above the threshold, too.
    const of = (scores: number[], options: object = {}) =>
      Array.from(nonMaxSuppression(boxes, scores, 3, options).selectedIndices.dataSync());
    expect(of([0.9, 0.8, 0.7])).toEqual([0, 1, -1]);
    expect(of([0.9, 0.8, 0.7], { iouThreshold: 0.49 })).toEqual([0, -1, -1]);
    expect(of([NaN, 0.8, -Infinity])).toEqual([1, -1, -1]);
    expect(of([0.5, 0.5, 0.5])).toEqual([0, 1, -1]);
    expect(of([0.1, 0.2, 0.3], { scoreThreshold: 0.3 })).toEqual([-1, -1, -1]);
    const empty = nonMaxSuppression(tensor([], [0, 4]), tensor([], [0]), 2);
    expect(Array.from(empty.selectedIndices.dataSync())).toEqual([-1, -1]);
    expect(Array.from(empty.validOutputs.dataSync())).toEqual([0]);
    const flat = nonMaxSuppression(
      [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ],
      [1, 2],
      2,
    );
    expect(Array.from(flat.selectedIndices.dataSync())).toEqual([1, 0]);
  });

  it('leaves out what overlaps by more than the threshold where scores fall, too, as TF.js does', () => {
    const boxes = [
      [0, 0, 1, 1],
      [0, 0, 1, 0.9],
      [0, 0.5, 1, 1.5],
    ];
    const made = nonMaxSuppression(boxes, [0.9, 0.8, 0.7], 3, { iouThreshold: 0.6, softNmsSigma: 1 });
    // The first and the last share a third.
    const values = [0.9, 0.7 * Math.exp(-1 / 18)];
    expectCase({ boxes, scores: [], most: 3, options: {}, indices: [0, 2], values }, made);
  });

  it('has gradients of the scores that are selected', async () => {
    const boxes = [
      [0, 0, 1, 1],
      [0, 0, 1, 0.9],
      [3, 3, 4, 4],
    ];
    const slopes = (options: object) =>
      compile((scores: Sym) => {
        const { selectedScores } = nonMaxSuppression(boxes, scores, 3, options);
        return grad(ops.sum(selectedScores), [scores])[0]!;
      })([0.5, 0.7, 0.6]);
    expect(Array.from(await (await slopes({})).data())).toEqual([0, 1, 1]);
    // Of the first box exp(-0.9² / 2) of the score is left.
    const soft = Array.from(await (await slopes({ iouThreshold: 1, softNmsSigma: 1 })).data());
    expect(soft[0]).toBeCloseTo(Math.exp(-0.405), 6);
    expect(soft.slice(1)).toEqual([1, 1]);
  });

  it('computes in float32 where the policy is mixedBfloat16', async () => {
    const row = cases[4] as Case;
    const select = compile(
      (boxes: Sym, scores: Sym) => nonMaxSuppression(boxes, scores, row.most, row.options),
      { dtypePolicy: 'mixedBfloat16' },
    );
    expectCase(row, await select(row.boxes, row.scores));
  });

  it('refuses wrong numbers and shapes', () => {
    const boxes = [[0, 0, 1, 1]];
    const of = (options: object) => errorOf(() => nonMaxSuppression(boxes, [1], 1, options)).message;
    expect(of({ iouThreshold: 2 })).toMatch(/\[nonMaxSuppression\] expected iouThreshold from 0 to 1/);
    expect(of({ softNmsSigma: -1 })).toMatch(/softNmsSigma/);
    expect(of({ scoreThreshold: NaN })).toMatch(/scoreThreshold/);
    expect(of({ boundingBoxFormat: 'yx' })).toMatch(/boundingBoxFormat/);
    expect(errorOf(() => nonMaxSuppression(boxes, [1], 0)).message).toMatch(/maxOutputSize/);
    expect(errorOf(() => nonMaxSuppression(boxes, [1, 2], 1)).code).toBe('SHAPE');
    expect(errorOf(() => nonMaxSuppression([0, 0, 1, 1], [1], 1)).code).toBe('SHAPE');
  });
});

// Charts: what they show, and what is refused.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { NDArray, Sequential, layers, ops, optimizers, setSeed, visualization, zeros } from '../lib/index.js';
import { histogram } from '../lib/data/histogram.js';
import { drawn, pixelsOf, texts } from './support/pictures.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-pictures-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('plotHistory', () => {
  const history = { loss: [1, 0.5, 0.25], val_loss: [1.1, 0.7, NaN], accuracy: [0.5, 0.7, 0.9] };

  it('has a panel a metric, and both curves where there is validation', async () => {
    const svg = await visualization.plotHistory(history, { title: 'a < b & "c"' });
    expect(texts(svg)).toEqual(expect.arrayContaining(['training', 'validation', '↑ loss', '↑ accuracy']));
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect((await drawn(svg)).width).toBe(2 * 360 + 8);
    expect(await pixelsOf(svg, '#0072b2')).toBeGreaterThan(100);
    expect(await pixelsOf(svg, '#d55e00')).toBeGreaterThan(100);
  });

  it('takes what fit gives, and shows a single epoch', async () => {
    const model = new Sequential([layers.input({ shape: [1] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const svg = await visualization.plotHistory(await model.fit([[1], [2]], [[1], [2]], { verbose: 0 }));
    expect(texts(svg)).not.toContain('validation');
    expect(await pixelsOf(svg, '#0072b2')).toBeGreaterThan(150); // the legend's 144, and a dot
  });

  it('has room for long numbers at the axis, and few digits where a number stays the same', async () => {
    const widthOf = async (loss: number[]) => (await drawn(await visualization.plotHistory({ loss }))).width;
    expect(await widthOf([0.25, 0.5])).toBe(360);
    // "200,000" and the distance to the axis need more than the 40 that are left for them.
    expect(await widthOf([100_000, 200_000])).toBeGreaterThan(360);
    const svg = await visualization.plotHistory({ learningRate: [0.001, 0.001], gone: [NaN, NaN] });
    expect(texts(svg)).toContain('0.001');
  });

  it('writes SVG and PNG, of so many pixels an inch', async () => {
    const svg = await visualization.plotHistory(history, { path: join(folder, 'h.svg'), metrics: ['loss'] });
    expect(readFileSync(join(folder, 'h.svg'), 'utf8')).toBe(svg);
    await visualization.plotHistory(history, { path: join(folder, 'h.png'), metrics: ['loss'], dpi: 192 });
    // 360 units at 72 an inch.
    expect((await sharp(join(folder, 'h.png')).metadata()).width).toBe(960);
  });

  it.each([
    [{}, {}],
    [null, {}],
    [{ loss: 1 }, {}],
    [history, { metrics: ['los'] }],
    [history, { scale: 'square' }],
    [history, { path: join(folder, 'h.pdf') }],
    [history, { dpi: 0 }],
    [history, { colour: 'red' }],
  ])('refuses %j with %j', async (given, options) => {
    const error = await rejectionOf(visualization.plotHistory(given as never, options as never));
    expect(error).toMatchObject({ code: 'ARGUMENT' });
  });

  it('says that a file cannot be written', async () => {
    const path = join(folder, 'none', 'h.svg');
    expect(await rejectionOf(visualization.plotHistory(history, { path }))).toMatchObject({ code: 'IO' });
  });
});

describe('plotConfusionMatrix', () => {
  const [truth, guesses] = [
    [0, 0, 0, 1, 1, 2],
    [0, 0, 1, 1, 1, 0],
  ];

  it('counts', async () => {
    const svg = await visualization.plotConfusionMatrix(truth, guesses);
    expect(
      texts(svg)
        .filter((text) => /^\d$/.test(text))
        .sort(),
    ).toEqual(
      // Nine counts (2 1 0, 0 2 0, 1 0 0), and the names of the classes twice.
      ['2', '1', '0', '0', '2', '0', '1', '0', '0', '0', '1', '2', '0', '1', '2'].sort(),
    );
  });

  it.each([
    ['true', ['0.67', '0.33', '0.00', '0.00', '1.00', '0.00', '1.00', '0.00', '0.00']],
    ['pred', ['0.67', '0.33', '0.00', '0.00', '0.67', '0.00', '0.33', '0.00', '0.00']],
    ['all', ['0.33', '0.17', '0.00', '0.00', '0.33', '0.00', '0.17', '0.00', '0.00']],
  ] as const)('gives shares of %s', async (normalize, shares) => {
    const svg = await visualization.plotConfusionMatrix(truth, guesses, { normalize });
    expect(texts(svg).filter((text) => text.includes('.'))).toEqual(shares);
  });

  it('takes scores, and names', async () => {
    const scores = [
      [0.1, 0.9],
      [0.8, 0.2],
    ];
    const svg = await visualization.plotConfusionMatrix([1, 0], scores, { displayLabels: ['cat', 'dog'] });
    expect(texts(svg).filter((text) => text === 'cat')).toHaveLength(2);
  });

  it('has room for long names', async () => {
    const displayLabels = ['Theodore Roosevelt of New York', 'MICROSCOPICAL NUCLEUS', 'cat'];
    for (const names of [displayLabels, [...displayLabels].reverse()]) {
      const svg = await visualization.plotConfusionMatrix(truth, guesses, { displayLabels: names });
      const { data, width, height } = await drawn(svg);
      let dark = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          if ((x === 0 || y === 0 || x === width - 1 || y === height - 1) && data[(y * width + x) * 3]! < 250)
            dark++;
      expect(dark, 'pixels of text at the border').toBe(0);
      // The names of the rows begin after that of their axis: a white column stands between.
      const column = (x: number) =>
        Array.from({ length: height }, (_, y) => data[(y * width + x) * 3]! > 250).every(Boolean);
      expect(Array.from({ length: 20 }, (_, x) => x).some((x) => x > 9 && column(x))).toBe(true);
    }
  });

  it.each([
    [[0, 1], [0], {}, 'SHAPE'],
    [[0, 1], [0, 0.5], {}, 'ARGUMENT'],
    [[0, -1], [0, 0], {}, 'ARGUMENT'],
    [[0, 2], [0, 0], { displayLabels: ['a', 'b'] }, 'ARGUMENT'],
    [[0, 1], [0, 0], { normalize: 'rows' }, 'ARGUMENT'],
    [[[[0]], [[1]]], [0, 0], {}, 'SHAPE'],
  ])('refuses %j and %j with %j', async (yTrue, yPred, options, code) => {
    const error = await rejectionOf(visualization.plotConfusionMatrix(yTrue, yPred, options as never));
    expect(error).toMatchObject({ code });
  });
});

describe('curves of two classes', () => {
  // The example of scikit-learn's pages on both: an area of 0.75, an average precision of 0.83….
  const [labels, scores] = [
    [0, 0, 1, 1],
    [0.1, 0.4, 0.35, 0.8],
  ];

  it('tell the numbers of scikit-learn', async () => {
    expect(texts(await visualization.plotRocCurve(labels, scores))).toContain('AUC 0.750');
    expect(texts(await visualization.plotPrecisionRecallCurve(labels, { net: scores }))).toContain(
      'net (AP 0.833)',
    );
  });

  it('count equal scores at once', async () => {
    expect(texts(await visualization.plotRocCurve([0, 1, 0, 1], [1, 1, 1, 1]))).toContain('AUC 0.500');
    expect(texts(await visualization.plotPrecisionRecallCurve([0, 1, 0, 1], [1, 1, 1, 1]))).toContain(
      'AP 0.500',
    );
  });

  it.each([
    [[0, 0], [1, 2], 'ARGUMENT'],
    [[0, 2], [1, 2], 'ARGUMENT'],
    [[0, 1], [1], 'SHAPE'],
    [[0, 1], {}, 'ARGUMENT'],
  ])('refuse %j and %j', async (yTrue, yScore, code) => {
    for (const plot of [visualization.plotRocCurve, visualization.plotPrecisionRecallCurve])
      expect(await rejectionOf(plot(yTrue, yScore as never))).toMatchObject({ code });
  });
});

describe('plotLines', () => {
  it('has a line for each, with gaps', async () => {
    const svg = await visualization.plotLines({ a: [0, 1, 2, 3], b: [1, NaN, 1, 2] }, { x: [0, 1, 4, 9] });
    expect(texts(svg)).toEqual(expect.arrayContaining(['a', 'b']));
    expect(await pixelsOf(svg, '#0072b2')).toBeGreaterThan(150);
  });

  it('names whole steps alone', async () => {
    const svg = await visualization.plotLines({ loss: [3, 2, 1] }, { x: [1, 2, 3] });
    const [, labels = ''] = /aria-label="x-axis tick label">(.*?)<\/g>/s.exec(svg) ?? [];
    expect([...labels.matchAll(/>([^<]+)</g)].map((match) => match[1])).toEqual(['1', '2', '3']);
  });

  it.each([
    [
      [1e-6, 10],
      ['1e-6', '1e-5', '0.0001', '0.001', '0.01', '0.1', '1', '10'],
    ],
    [
      [0.01, 0.4],
      ['0.01', '0.02', '0.03', '0.04', '0.1', '0.2', '0.3', '0.4', '1'],
    ],
  ])('writes the numbers of a logarithmic axis as numbers: of %j', async (a, numbers) => {
    const svg = await visualization.plotLines({ a }, { x: [0.25, 0.75], scale: 'log' });
    const [, labels = ''] = /aria-label="y-axis tick label">(.*?)<\/g>/s.exec(svg) ?? [];
    const written = [...labels.matchAll(/>([^<]+)</g)].map((match) => match[1]);
    expect(written).toEqual(numbers);
  });

  it.each([
    [{}, {}, 'ARGUMENT'],
    [{ a: [[1]] }, {}, 'SHAPE'],
    [{ a: [1, 2] }, { x: [1] }, 'SHAPE'],
  ])('refuses %j with %j', async (lines, options, code) => {
    expect(await rejectionOf(visualization.plotLines(lines as never, options))).toMatchObject({ code });
  });
});

describe('plotHistogram', () => {
  it('counts as numpy.histogram', () => {
    // numpy.histogram([1, 2, 2, 3, 10], 3): [4, 0, 1], edges 1, 4, 7, 10.
    expect(histogram([1, 2, 2, 3, 10], 3)).toEqual({
      bars: [
        { low: 1, high: 4, count: 4 },
        { low: 4, high: 7, count: 0 },
        { low: 7, high: 10, count: 1 },
      ],
      left: 0,
    });
    expect(histogram([5, 5, NaN, Infinity], 2)).toEqual({
      bars: [
        { low: 4.5, high: 5, count: 0 },
        { low: 5, high: 5.5, count: 2 },
      ],
      left: 2,
    });
    expect(histogram([NaN], 2)).toEqual({ bars: [], left: 1 });
  });

  it('writes small numbers at its axis in few letters', async () => {
    const svg = await visualization.plotHistogram({
      small: Float64Array.from({ length: 5 }, (_, n) => n * 1e-10),
    });
    expect(texts(svg)).toContain('2e-10');
  });

  it('tells what is not finite', async () => {
    const svg = await visualization.plotHistogram({
      kernel: [
        [1, 2],
        [3, NaN],
      ],
    });
    expect(texts(svg)).toContain('kernel (1 not finite) →');
  });

  it('refuses no arrays', async () => {
    expect(await rejectionOf(visualization.plotHistogram({}))).toMatchObject({ code: 'ARGUMENT' });
    expect(await rejectionOf(visualization.plotHistogram({ a: [1] }, { bins: 0.5 }))).toMatchObject({
      code: 'ARGUMENT',
    });
  });
});

describe('plotSurface', () => {
  const bowl = (x: number, y: number) => x * x + 10 * y * y;

  it('has paths over it', async () => {
    const svg = await visualization.plotSurface(bowl, {
      paths: {
        sgd: [
          [1, 1],
          [0.5, 0.2],
          [0, 0],
        ],
      },
    });
    expect(texts(svg)).toContain('sgd');
    expect(await pixelsOf(svg, '#0072b2')).toBeGreaterThan(200);
  });

  it.each([
    [3, {}],
    [() => 'high', {}],
    [bowl, { x: [1, 1] }],
    [(x: number) => x, { scale: 'log' }],
    [bowl, { paths: { a: [[1]] } }],
  ])('refuses %s with %j', async (height, options) => {
    const error = await rejectionOf(visualization.plotSurface(height as never, options as never));
    expect(error).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('plotDecisionRegions', () => {
  const samples = new NDArray(new Float32Array([-1, -1, 1, 1, -1, 1, 1, -1]), [4, 2]);

  it('colours the plane by what the model says', async () => {
    // Class 1 where x is positive: half of the plane.
    const model = { predict: (x: NDArray) => ops.greater(ops.slice(x, [0, 0], [x.length, 1]), 0) };
    const svg = await visualization.plotDecisionRegions(model, samples, [0, 1, 0, 1], { gridResolution: 50 });
    // 0.35 of #0072b2 and #d55e00 over white.
    const [left, right] = [await pixelsOf(svg, '#a6cee4'), await pixelsOf(svg, '#f0c7a6')];
    const plane = (460 - 55) * (420 - 55);
    expect(left).toBeGreaterThan(0.45 * plane);
    expect(right).toBeGreaterThan(0.45 * plane);
  });

  it('takes models of several classes', async () => {
    setSeed(1);
    const model = new Sequential([
      layers.input({ shape: [2] }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ]);
    model.compile({ optimizer: optimizers.sgd(), loss: 'sparseCategoricalCrossentropy' });
    const svg = await visualization.plotDecisionRegions(model, samples, [0, 1, 2, 1], {
      ...{ displayLabels: ['a', 'b', 'c'], gridResolution: 8 },
      ...{ xLabel: 'length', yLabel: 'width' },
    });
    expect(texts(svg)).toEqual(expect.arrayContaining(['a', 'b', 'c', 'length →', '↑ width']));
  });

  it('refuses other shapes', async () => {
    const model = { predict: (x: NDArray) => x };
    for (const [x, y] of [
      [zeros([4, 3]), [0, 1, 0, 1]],
      [samples, [0, 1]],
      [samples, [0, 1, 0, 1.5]],
    ] as const)
      expect(await rejectionOf(visualization.plotDecisionRegions(model, x, [...y]))).toMatchObject({
        code: expect.stringMatching(/SHAPE|ARGUMENT/) as string,
      });
  });
});

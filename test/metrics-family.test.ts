/** All metrics beside Keras's: test/fixtures/make_metrics.py wrote what those give. */
import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, type Sym, metrics, mixedPrecision, ops, tensor } from '../lib/index.js';
import { type Stored, readFixture } from './fixtures/read.js';

interface Batch {
  yTrue: Stored;
  yPred: Stored | null;
  weights: Stored;
  plain: Stored;
  weighed: Stored;
}

interface Row {
  name: string;
  options: object;
  kind: string;
  batches: Batch[];
}

const { entries } = readFixture('metrics') as { entries: Row[] };
const make = metrics as unknown as Readonly<Record<string, (options?: object) => metrics.Metric>>;
const rows = entries.map(
  (row) => [`${row.name} ${JSON.stringify(row.options)} of ${row.kind}`, row] as const,
);

const toTensor = ({ data, shape }: Stored) => tensor(data, shape);
const numbersOf = async (metric: metrics.Metric) => Array.from(await metric.result().data());
/** What goes into updateState. */
const given = ({ yTrue, yPred }: Batch) =>
  (yPred ? [yTrue, yPred] : [yTrue]).map(toTensor) as unknown as [Sym, Sym];

/**
 * As a share of the row's largest |expected|, at least 1: sums of up to 84 terms of some ten roundings of float32 (2⁻²⁴) each, and
 * quotients of them. Adjusted and correlation scores divide by variances, which are differences of such sums: ten times as much.
 */
const bound = (name: string) => (/r2|Correlation/.test(name) ? 10 : 1) * 64 * 2 ** -24;

function expectNear(actual: readonly number[], { data }: Stored, name: string) {
  const scale = Math.max(1, ...Array.from(data, Math.abs));
  expect(actual).toHaveLength(data.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - itemAt(data, i)), `${i}: ${value}, ${data[i]}`).toBeLessThanOrEqual(
      bound(name) * scale,
    );
  });
}

describe('metrics', () => {
  it('are all compared with Keras', () => {
    const names = Object.keys(metrics).filter((name) => /^[a-z]/.test(name) && name !== 'meanMetricWrapper');
    expect([...new Set(entries.map(({ name }) => name))].sort()).toEqual(names.sort());
  });

  it.each(rows)("%s gives Keras's numbers, batch after batch", async (_, { name, options, batches }) => {
    const [plain, weighed] = [make[name]!(options), make[name]!(options)];
    for (const batch of batches) {
      await plain.updateState(...given(batch));
      expectNear(await numbersOf(plain), batch.plain, name);
      const [first, second] = given(batch);
      const weights = toTensor(batch.weights);
      if (batch.yPred) await weighed.updateState(first, second, weights);
      else await weighed.updateState(first, weights);
      expectNear(await numbersOf(weighed), batch.weighed, name);
    }
    plain.resetState();
    await plain.updateState(...given(firstOf(batches)));
    expectNear(await numbersOf(plain), firstOf(batches).plain, name);
  });

  // Predictions go through a model that changes nothing; the loss is none.
  class Same extends Model {
    override call(x: Sym) {
      return x;
    }
  }
  const nothing = (_yTrue: Sym, yPred: Sym) => ops.multiply(yPred, 0);
  const measured = rows.filter(([, { batches }]) => firstOf(batches).yPred);

  it.each(measured)('%s is the same in the steps of a model', async (_, { name, options, batches }) => {
    const policy = mixedPrecision.dtypePolicy();
    for (const dtypePolicy of ['float32', 'mixedBfloat16'] as const) {
      mixedPrecision.setDtypePolicy(dtypePolicy);
      try {
        const model = new Same();
        const both = {
          metrics: [make[name]!(options)],
          weightedMetrics: [make[name]!({ ...options, name: 'weighed' })],
        };
        model.compile({ loss: nothing, optimizer: 'sgd', ...both });
        const steps = batches.map(
          (batch) => [toTensor(batch.yPred!), toTensor(batch.yTrue), toTensor(batch.weights)] as const,
        );
        const logs = await model.evaluate({ [Symbol.iterator]: () => steps.values() } as never, {
          verbose: 0,
        });
        const own = (key: string) =>
          Object.entries(logs)
            .filter(([one]) => one.replace(/_\d+$/, '') === key)
            .map(([, value]) => value);
        const last = itemAt(batches, batches.length - 1);
        expectNear(own(itemAt(model.metricsNames, 1)), last.plain, name);
        expectNear(own('weighed'), last.weighed, name);
      } finally {
        mixedPrecision.setDtypePolicy(policy);
      }
    }
  });

  it('tell which way is better', () => {
    const known = entries.filter(
      ({ name }) => make[name]!(entries.find((row) => row.name === name)!.options).direction,
    );
    const unknown = new Set(entries.map(({ name }) => name));
    for (const { name } of known) unknown.delete(name);
    expect([...unknown].sort()).toEqual([
      'falseNegatives',
      'falsePositives',
      'mean',
      'sum',
      'trueNegatives',
      'truePositives',
    ]);
  });
});

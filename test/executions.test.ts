// Several steps in one execution compared with Keras (fixtures/make_executions.py): what callbacks hear of them, and what comes out.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Sequential, callbacks, layers, optimizers } from '../lib/index.js';
import { itemAt } from '../lib/base/list.js';

type Heard = [hook: string, batch: number, loss: number | null];
interface Run {
  stepsPerExecution: number;
  batchSize: number;
  epochs: number;
  heard: Heard[];
  history: Record<string, number[]>;
  weight: number;
}
const { x, y, entries } = JSON.parse(
  readFileSync(new URL('fixtures/executions.json', import.meta.url), 'utf8'),
) as { x: number[]; y: number[]; entries: Run[] };

/** Up to 10 steps, each of which rounds numbers up to 25, squares of differences, a few times. */
const BOUND = 10 * 4 * 25 * 2 ** -24;

describe("Keras's runs of several steps in one execution", () => {
  it.each(entries)('$stepsPerExecution of $batchSize', async (run) => {
    const { stepsPerExecution, batchSize, epochs } = run;
    using model = new Sequential([
      layers.input({ shape: [1] }),
      layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
    ]);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.01 }), loss: 'mse', stepsPerExecution });
    const heard: Heard[] = [];
    const hear = (hook: string) => (batch: number, logs: callbacks.Logs) =>
      void heard.push([hook, batch, logs['loss'] ?? null]);
    const names = [...new Set(run.heard.map(([hook]) => hook))];
    const recorder = callbacks.lambdaCallback(Object.fromEntries(names.map((name) => [name, hear(name)])));
    const { history } = await model.fit(x, y, {
      ...{ batchSize, epochs, shuffle: false, verbose: 0, validationData: [x, y], callbacks: [recorder] },
    } as const);
    // Where the data end within an execution, Keras goes on counting to its end; here the last batch is named that there is.
    const last = Math.ceil(x.length / batchSize) - 1;
    expect(heard.map(([hook, batch]) => [hook, batch])).toEqual(
      run.heard.map(([hook, batch]) => [hook, Math.min(batch, last)]),
    );
    run.heard.forEach(([hook, batch, loss], i) => {
      const [, , ours] = itemAt(heard, i);
      if (loss === null) expect(ours, hook).toBeNull();
      else expect(Math.abs(ours! - loss), `${hook} ${batch}`).toBeLessThanOrEqual(BOUND);
    });
    expect(Object.keys(history).sort()).toEqual(Object.keys(run.history).sort());
    for (const [name, values] of Object.entries(run.history))
      values.forEach((value, i) => {
        expect(Math.abs(history[name]![i]! - value), name).toBeLessThanOrEqual(BOUND);
      });
    const [kernel] = await model.getWeights();
    expect(Math.abs(kernel!.data[0]! - run.weight)).toBeLessThanOrEqual(BOUND);
  });
});

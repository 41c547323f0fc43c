// Logs of runs as lines of JSON, and the curve of the loss in a terminal.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sequential, callbacks, layers, optimizers, summary } from '../lib/index.js';
import { Sparkline } from '../lib/callbacks/sparkline.js';
import { errorOf, rejectionOf } from './support/run.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A model of one weight w with loss w², from 1: half of it is left after each step. */
function modelOf() {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
  ]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.25 }), loss: 'mse' });
  return model;
}
const zeros = new Float32Array(4);
const ones = zeros.map(() => 1);

describe('jsonlLogger', () => {
  it('writes a line an epoch, with the keys of Weights & Biases, and goes on with a file', async () => {
    const file = join(folder, 'epochs.jsonl');
    const model = modelOf();
    const before = Date.now() / 1000;
    for (const [initialEpoch, epochs] of [
      [0, 2],
      [2, 3],
    ] as const)
      await model.fit(ones, zeros, {
        ...{ initialEpoch, epochs, batchSize: 2, verbose: 0, validationData: [ones, zeros] },
        callbacks: [callbacks.jsonlLogger(file, { append: initialEpoch > 0 })],
      });
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    // Two steps an epoch; the loss of a step is that before it.
    const losses = [1, 1 / 16, 1 / 256].map((first) => (first + first / 4) / 2);
    const read = lines.map((line) => JSON.parse(line) as Record<string, number>);
    expect(read).toMatchObject(
      losses.map((loss, epoch) => ({ _step: 2 * epoch + 2, epoch, loss, val_loss: 16 ** -(epoch + 1) })),
    );
    for (const { _timestamp, _runtime } of read) {
      expect(_timestamp).toBeGreaterThanOrEqual(before);
      expect(_timestamp).toBeLessThanOrEqual(Date.now() / 1000);
      expect(_runtime).toBeGreaterThanOrEqual(0);
    }
    const records = await summary.readRunLog(file);
    expect(records.map(({ step, epoch, batch, values }) => ({ step, epoch, batch, values }))).toEqual(
      read.map(({ _step, epoch, loss, val_loss }) => ({
        ...{ step: _step, epoch, batch: undefined, values: { loss, val_loss } },
      })),
    );
  });

  it('writes batches', async () => {
    const file = join(folder, 'batches.jsonl');
    await modelOf().fit(ones, zeros, {
      ...{ epochs: 2, batchSize: 1, verbose: 0 },
      callbacks: [callbacks.jsonlLogger(file, { updateFreq: 2 })],
    });
    const records = await summary.readRunLog(file);
    expect(records.map(({ step, epoch, batch }) => [step, epoch, batch])).toEqual([
      [2, 0, 1],
      [4, 0, 3],
      [4, 0, undefined],
      [6, 1, 1],
      [8, 1, 3],
      [8, 1, undefined],
    ]);
  });

  it('keeps what JSON has no number for', async () => {
    const file = join(folder, 'words.jsonl');
    const values = { loss: NaN, a: Infinity, b: -Infinity, c: 1e-30 };
    const logger = callbacks.jsonlLogger(file);
    logger.setModel(modelOf());
    await logger.onTrainBegin();
    await logger.onEpochBegin(0);
    await logger.onEpochEnd(0, values);
    await logger.onTrainEnd();
    expect(await readFile(file, 'utf8')).toContain('"loss":"NaN","a":"Infinity","b":"-Infinity","c":1e-30');
    expect((await summary.readRunLog(file)).map((record) => record.values)).toEqual([values]);
  });

  it('drops half a line that a killed process has left, however long', async () => {
    const file = join(folder, 'half.jsonl');
    const whole = '{"_step":1,"_timestamp":5,"_runtime":1,"epoch":0,"loss":2}\n';
    for (const begin of ['', whole]) {
      await writeFile(file, `${begin}{"_step":2,"_times${'x'.repeat(100_000)}`);
      expect(await summary.readRunLog(file)).toHaveLength(begin ? 1 : 0);
      const logger = callbacks.jsonlLogger(file, { append: true });
      await modelOf().fit(ones, zeros, { verbose: 0, callbacks: [logger] });
      const text = await readFile(file, 'utf8');
      expect(text.startsWith(`${begin}{"_step":1,`)).toBe(true);
      expect(await summary.readRunLog(file)).toHaveLength(begin ? 2 : 1);
    }
  });

  it('refuses what it cannot use', async () => {
    for (const make of [
      () => callbacks.jsonlLogger(''),
      () => callbacks.jsonlLogger(5 as never),
      () => callbacks.jsonlLogger('a', { updateFreq: 0 }),
      () => callbacks.jsonlLogger('a', { updateFreq: 'step' as never }),
      () => callbacks.jsonlLogger('a', { append: 1 as never }),
      () => callbacks.jsonlLogger('a', { apend: true } as object),
    ]) {
      const { code, message } = errorOf(make);
      expect([code, message.startsWith('[jsonlLogger]')]).toEqual(['ARGUMENT', true]);
    }
    const logger = callbacks.jsonlLogger(join(folder, 'none', 'log.jsonl'));
    const failed = await rejectionOf(modelOf().fit(ones, zeros, { verbose: 0, callbacks: [logger] }));
    expect(failed).toMatchObject({ code: 'IO', message: expect.stringContaining('log.jsonl') });
  });
});

describe('readRunLog', () => {
  const good = '{"_step":1,"_timestamp":5,"_runtime":1,"epoch":0}';

  it.each([
    ['no JSON', '{"_step":1'],
    ['no record', '[1]'],
    ['null', 'null'],
    ['nothing', ''],
    ['a missing key', '{"_step":1,"_timestamp":5,"_runtime":1}'],
    ['a step that is no number', '{"_step":"NaN","_timestamp":5,"_runtime":1,"epoch":0}'],
    ['a text as a value', '{"_step":1,"_timestamp":5,"_runtime":1,"epoch":0,"loss":"low"}'],
    ['a record as a value', '{"_step":1,"_timestamp":5,"_runtime":1,"epoch":0,"loss":{}}'],
  ])('tells the file and the line of %s', async (_, line) => {
    const file = join(folder, 'bad.jsonl');
    await writeFile(file, `${good}\n${good}\n${line}\n${good}\n`);
    expect(await rejectionOf(summary.readRunLog(file))).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/\[readRunLog\] .*bad\.jsonl: expected .* in line 3, received/),
    });
  });

  it('refuses what is no file', async () => {
    expect(await rejectionOf(summary.readRunLog(join(folder, 'none')))).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(summary.readRunLog(5 as never))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('the curve of the loss', () => {
  const curveOf = (numbers: readonly number[]) => {
    const curve = new Sparkline();
    for (const n of numbers) curve.add(n);
    return String(curve);
  };

  it('has the lowest cell for the smallest number and the highest for the largest', () => {
    expect(curveOf([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(curveOf([3, NaN, 2, Infinity, 1])).toBe('█▅▁');
    expect(curveOf([5, 5])).toBe('▁▁');
    expect(curveOf([])).toBe('');
  });

  it('keeps its shape with any count', () => {
    for (const count of [30, 31, 59, 60, 61, 119, 120, 1000, 12_345]) {
      const curve = curveOf(Array.from({ length: count }, (_, i) => -i));
      expect(curve.length, String(count)).toBeLessThanOrEqual(31);
      expect(curve.length, String(count)).toBeGreaterThanOrEqual(15);
      expect(Array.from(curve).sort().reverse().join(''), String(count)).toBe(curve);
      expect(curve, String(count)).toMatch(/^█.*▁$/);
    }
  });

  it.each([
    [3, false],
    [3, true],
    [2, true],
    [1, true],
  ] as const)('is shown by fit with verbose 3 alone (%i, terminal %s)', async (verbose, isTTY) => {
    let text = '';
    const stream = { isTTY, write: (some: string) => (text += some) };
    await modelOf().fit(ones, zeros, {
      ...{ epochs: 3, verbose: 0 },
      callbacks: [showing(stream, verbose)],
    });
    const lines = text.trimEnd().split('\n');
    expect(/▁/.test(text)).toBe(verbose === 3);
    if (verbose === 3) expect(lines.at(-1)).toMatch(/ - loss: \S+ - █▂▁/);
  });
});

/** A progress bar that shows more than its run. */
function showing(stream: callbacks.ProgressStream, verbose: 1 | 2 | 3) {
  class Showing extends callbacks.ProgbarLogger {
    override setParams(params: callbacks.CallbackParams) {
      super.setParams({ ...params, verbose });
    }
  }
  return new Showing(stream);
}

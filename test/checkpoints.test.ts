import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Sequential, callbacks, layers, loadModel } from '../lib/index.js';
import { fileName } from '../lib/callbacks/fileName.js';
import { errorOf, rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const x = [[0, 1], [1, 0], [1, 1], [0, 0]]; // prettier-ignore
const y = [1, 2, 3, 0];
const made = (seed = 1) => {
  const model = new Sequential(
    [layers.input({ shape: [2] }), layers.dropout({ rate: 0.5 }), layers.dense({ units: 1 })],
    {
      seed,
    },
  );
  model.compile({ optimizer: 'adam', loss: 'mse' });
  return model;
};
const options = { epochs: 4, batchSize: 2, verbose: 0 } as const;

describe('names of files', () => {
  const numbers = { epoch: 7, loss: 0.0123456, accuracy: 0.5 };
  // What Python's str.format gives.
  it.each([
    ['{epoch}.keras', '7.keras'],
    ['{epoch:02d}-{loss:.2f}.keras', '07-0.01.keras'],
    ['{epoch:4d}', '   7'],
    ['{loss:.3e}', '1.235e-02'],
    ['{loss:f}', '0.012346'],
    ['{loss:08.3f}', '0000.012'],
    ['{accuracy:.1%}', '50.0%'],
    ['{loss:.2g}', '0.012'],
  ])('%s', (template, wanted) => {
    expect(fileName('who', template, numbers)).toBe(wanted);
  });

  it.each(['{val_loss:.2f}', '{epoch:x}', '{'])('%s is refused', (template) => {
    expect(errorOf(() => fileName('who', template, numbers))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('modelCheckpoint with a file', () => {
  it('writes each epoch, from which training goes on', async () => {
    const model = made();
    const checkpoint = callbacks.modelCheckpoint({ filepath: at('{epoch:02d}.keras') });
    await model.fit(x, y, { ...options, seed: 2, callbacks: [checkpoint] });
    expect(readdirSync(folder).sort()).toEqual(['01.keras', '02.keras', '03.keras', '04.keras']);
    const again = await loadModel(at('04.keras'));
    expect(await again.getWeights()).toEqual(await model.getWeights());
    expect(await again.optimizer.getWeights()).toEqual(await model.optimizer.getWeights());
    expect([checkpoint.epoch, checkpoint.weights]).toEqual([3, undefined]);
  });

  it('writes the weights of the best epoch', async () => {
    const model = made();
    const filepath = at('best.weights.h5');
    const given = { filepath, saveWeightsOnly: true, saveBestOnly: true, monitor: 'loss' };
    const weights: unknown[] = [];
    const watch = callbacks.lambdaCallback({
      onEpochEnd: async () => void weights.push(await model.getWeights()),
    });
    const { history } = await model.fit(x, y, {
      ...options,
      callbacks: [callbacks.modelCheckpoint(given), watch],
    });
    const loss = history['loss']!;
    const other = made(2);
    await other.loadWeights(filepath);
    expect(await other.getWeights()).toEqual(weights[loss.indexOf(Math.min(...loss))]);
  });

  it.each([
    { filepath: 'a.h5' },
    { filepath: 'a.keras', saveWeightsOnly: true },
    { filepath: 'a.weights.h5' },
  ])('%j has another ending than its contents', (given) => {
    expect(errorOf(() => callbacks.modelCheckpoint(given))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('backupAndRestore in a folder', () => {
  /** Training that fails at the begin of an epoch. */
  const interrupted = async (backupDir: string) => {
    const fail = callbacks.lambdaCallback({
      onEpochBegin: (epoch) => {
        if (epoch === 2) throw new Error('interrupted');
      },
    });
    const backup = callbacks.backupAndRestore({ backupDir });
    const early = callbacks.earlyStopping({ monitor: 'loss', patience: 9, restoreBestWeights: true });
    const reduce = callbacks.reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 9 });
    await expect(made().fit(x, y, { ...options, callbacks: [backup, early, reduce, fail] })).rejects.toThrow(
      'interrupted',
    );
  };

  it('another model goes on with all that the first one had, to its bits', async () => {
    const rest = () => [
      callbacks.earlyStopping({ monitor: 'loss', patience: 9, restoreBestWeights: true }),
      callbacks.reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 9 }),
    ];
    // The seed of the samples' order and the masks' keys are those of the first run: the second has drawn others.
    const backupDir = at('bits');
    await interrupted(backupDir);
    const bytes = readFileSync(join(backupDir, 'latest.safetensors'));
    const fitted = async () => {
      const model = made(3);
      const { epoch, history } = await model.fit(x, y, {
        ...options,
        callbacks: [callbacks.backupAndRestore({ backupDir }), ...rest()],
      });
      return { epoch, history, weights: await model.getWeights(), rate: model.optimizer.learningRate };
    };
    const one = await fitted();
    expect(one.epoch).toEqual([0, 1, 2, 3]);
    expect(readdirSync(backupDir)).toEqual([]);
    writeFileSync(join(backupDir, 'latest.safetensors'), bytes);
    expect(await fitted()).toEqual(one);
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['cut', (bytes) => bytes.subarray(0, bytes.length - 1), /within \d+ bytes/],
    ['empty', () => Buffer.alloc(0), /a safetensors file/],
    [
      'of a newer version',
      (bytes) =>
        Buffer.from(
          bytes.toString('latin1').replace('"nodegrad_backup":"2"', '"nodegrad_backup":"3"'),
          'latin1',
        ),
      /a backup of version 2/,
    ],
  ])('a file that is %s is an error, and stays', async (_, change, message) => {
    const backupDir = at('broken');
    await interrupted(backupDir);
    const file = join(backupDir, 'latest.safetensors');
    const broken = change(readFileSync(file));
    writeFileSync(file, broken);
    const run = made().fit(x, y, { ...options, callbacks: [callbacks.backupAndRestore({ backupDir })] });
    expect(await rejectionOf(run)).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(message) as string,
    });
    expect(readFileSync(file).equals(broken)).toBe(true);
    rmSync(backupDir, { recursive: true });
  });

  it('a folder that cannot be made is an error', async () => {
    writeFileSync(at('file'), '');
    const run = made().fit(x, y, {
      ...options,
      callbacks: [callbacks.backupAndRestore({ backupDir: at('file/within') })],
    });
    expect(await rejectionOf(run)).toMatchObject({ code: 'IO' });
  });

  it('trainings that are killed end with the bits of those that are not', () => {
    const script = fileURLToPath(new URL('kill/run.mjs', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [script, '--kills', '10'], { encoding: 'utf8' });
    expect(stdout + stderr).toMatch(/^10 kills in (\d+) trainings\nkill: \1 passed, 0 failed\n$/);
  }, 300_000);
});

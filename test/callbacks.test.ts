import { atLeast, firstOf } from '../lib/base/list.js';
import type { Model } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import {
  Callback,
  History,
  type Logs,
  ProgbarLogger,
  callbackList,
  lambdaCallback,
} from '../lib/callbacks/index.js';
import { Sequential, layers, tensor } from '../lib/index.js';
import { RunCallbacks } from '../lib/training/runCallbacks.js';
import { errorOf } from './support/run.js';

const model = { name: 'model', stopTraining: false, getWeights: () => [] } as unknown as Model;
const listOf = (callbacks: Callback[], verbose: 0 | 1 | 2 = 0, steps: number | undefined = 4) =>
  new RunCallbacks(callbacks, model, { epochs: 2, steps, verbose }, (hook) => hook());

/** What a logger writes in a run of two epochs with validation, then an evaluation. */
async function written(logger: ProgbarLogger, verbose: 0 | 1 | 2, steps?: number): Promise<void> {
  const list = listOf([logger], verbose, steps);
  await list.onTrainBegin();
  for (const epoch of [0, 1]) {
    await list.onEpochBegin(epoch);
    await list.onProgress(2, { loss: 0.5 });
    await list.onProgress(4, { loss: 0.25 });
    await list.onTestBegin();
    await list.onProgress(1, { loss: 9 });
    await list.onTestEnd({ loss: 0.75 });
    await list.onEpochEnd(epoch, { loss: 0.25, accuracy: 1, val_loss: 0.00075 });
  }
  await list.onTrainEnd();
}

class Recorder {
  text = '';
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

describe('CallbackList', () => {
  it('sets model and parameters, and calls the hooks in order, waiting for each', async () => {
    const calls: string[] = [];
    const slow = lambdaCallback({
      onEpochBegin: async (epoch) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        calls.push(`slow ${epoch}`);
      },
    });
    const quick = lambdaCallback({ onEpochBegin: (epoch) => void calls.push(`quick ${epoch}`) });
    const list = listOf([slow, quick]);
    expect(slow.model).toBe(model);
    expect(quick.params).toEqual({ epochs: 2, steps: 4, verbose: 0 });
    await list.onEpochBegin(0);
    await list.onEpochBegin(1);
    expect(calls).toEqual(['slow 0', 'quick 0', 'slow 1', 'quick 1']);
  });

  it('knows who wants batches or progress', () => {
    class OnTest extends Callback {
      override onTestBatchEnd(): void {}
    }
    const train = lambdaCallback({ onTrainBatchEnd: () => {} });
    expect(listOf([new History(), new ProgbarLogger()]).needsBatches('train')).toBe(false);
    expect(listOf([new History(), train]).needsBatches('train')).toBe(true);
    expect(listOf([train]).needsBatches('test')).toBe(false);
    expect(listOf([new OnTest()]).needsBatches('test')).toBe(true);
    expect(listOf([new OnTest()]).needsBatches('predict')).toBe(false);
    expect(listOf([new History()]).progressDue).toBe(false);
  });

  it('gives each hook its arguments', async () => {
    const seen: [string, ...unknown[]][] = [];
    const hooks = Object.getOwnPropertyNames(Callback.prototype).filter((name) => name.startsWith('on'));
    expect(hooks).toHaveLength(15);
    const all = lambdaCallback(
      Object.fromEntries(
        hooks.map((name) => [name, (...args: unknown[]) => void seen.push([name, ...args])]),
      ),
    );
    const list = listOf([all]);
    const logs: Logs = { loss: 1 };
    await list.onTrainBegin();
    await list.batch('train', 'begin', 0);
    await list.batch('train', 'end', 0, logs);
    await list.batch('test', 'begin', 1);
    await list.batch('predict', 'end', 2, logs);
    await list.onProgress(3, logs);
    await list.onPredictEnd(logs);
    expect(seen).toEqual([
      ['onTrainBegin', {}],
      ['onTrainBatchBegin', 0, {}],
      ['onTrainBatchEnd', 0, logs],
      ['onTestBatchBegin', 1, {}],
      ['onPredictBatchEnd', 2, logs],
      ['onProgress', 3, logs],
      ['onPredictEnd', logs],
    ]);
  });

  it('refuses what is no callback', () => {
    const error = errorOf(() => listOf([{ onEpochEnd: () => {} } as never]));
    expect(error.message).toMatch(/callbacks\.Callback/);
  });
});

describe('callbackList', () => {
  class Adds extends Callback {
    override onEpochEnd(_epoch: number, logs: Logs): void {
      logs['more'] = 7;
    }
  }

  it('takes tensors of one number, and shows what a callback adds to the others alone', async () => {
    const list = callbackList([new Adds()], { addHistory: true, model });
    const logs = { loss: tensor(0.5), count: 3 };
    await list.onEpochEnd(0, logs);
    expect(list.history?.history).toEqual({ loss: [0.5], count: [3], more: [7] });
    expect(Object.keys(logs)).toEqual(['loss', 'count']);
    await expect(list.onEpochEnd(0, { loss: tensor([1, 2]) })).rejects.toMatchObject({ name: 'EngineError' });
    await expect(list.onEpochEnd(0, { loss: '1' as never })).rejects.toMatchObject({ code: 'ARGUMENT' });
  });

  it('gives an appended callback model and params, and adds what is asked for once', () => {
    const own = new History();
    const list = callbackList([own], { addHistory: true, addProgbar: true, model, epochs: 3, steps: 5 });
    expect(list.callbacks.map((one) => one.constructor)).toEqual([History, ProgbarLogger]);
    expect(list.history).toBe(own);
    const late = new Adds();
    list.append(late);
    expect(late.model).toBe(model);
    expect(late.params).toEqual({ epochs: 3, steps: 5, verbose: 1 });
    list.setParams({ epochs: 4, steps: undefined, verbose: 2 });
    expect(late.params).toEqual({ epochs: 4, steps: undefined, verbose: 2 });
    expect(callbackList([list, new Adds()]).callbacks).toHaveLength(4);
  });

  it('draws a bar in a loop that calls hooks alone', async () => {
    const stream = new Recorder(true);
    const list = callbackList(new ProgbarLogger(stream), { model, steps: 2 });
    await list.onTrainBegin();
    await list.onEpochBegin(0);
    await list.onTrainBatchEnd(0, { loss: 2 });
    await list.onTrainBatchEnd(1, { loss: 1 });
    await list.onEpochEnd(0, { loss: 1 });
    expect(stream.text).toMatch(/\r2\/2 \[=+\] - ETA: 0s .* - loss: 1\.0000/);
    expect(stream.text.split('\n')).toHaveLength(3);
  });

  it('refuses the end of what has not begun', async () => {
    const list = callbackList([], { model });
    await expect(list.onTestEnd()).rejects.toMatchObject({ code: 'STATE' });
    await list.onTrainBegin();
    await list.onTrainEnd();
    await expect(list.onTrainEnd()).rejects.toThrow(/expected onTrainBegin before onTrainEnd/);
  });

  it('counts as its callbacks in fit', async () => {
    const seen: number[] = [];
    const list = callbackList(lambdaCallback({ onEpochEnd: (epoch) => seen.push(epoch) }));
    const net = new Sequential([layers.input({ shape: [1] }), layers.dense({ units: 1 })]);
    net.compile({ loss: 'mse' });
    await net.fit([[1]], [[1]], { epochs: 2, verbose: 0, callbacks: list });
    expect(seen).toEqual([0, 1]);
    expect(list.callbacks[0]?.model).toBe(net);
  });
});

describe('History', () => {
  it('keeps a list for each name', () => {
    const history = new History();
    history.onEpochEnd(3, { loss: 2, val_loss: 4 });
    history.onEpochEnd(4, { loss: 1, val_loss: 3 });
    expect(history.epoch).toEqual([3, 4]);
    expect(history.history).toEqual({ loss: [2, 1], val_loss: [4, 3] });
  });
});

describe('LambdaCallback', () => {
  it('refuses unknown hooks and what is no function', () => {
    expect(errorOf(() => lambdaCallback({ onEpochEnds: () => {} } as never)).message).toMatch(
      /did you mean 'onEpochEnd'/,
    );
    expect(errorOf(() => lambdaCallback({ onEpochEnd: 3 } as never)).message).toMatch(
      /function for onEpochEnd/,
    );
  });
});

describe('ProgbarLogger', () => {
  it('writes one line an epoch where there is no terminal', async () => {
    const stream = new Recorder(false);
    await written(new ProgbarLogger(stream), 1, 4);
    const lines = stream.text.split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^Epoch 1\/2 4\/4 - 0s - \d+(us|ms)\/step - loss: 0\.2500 - accuracy: 1\.0000 - val_loss: 7\.5000e-4$/,
    );
    expect(lines[1]).toMatch(/^Epoch 2\/2 /);
    expect(lines[2]).toBe('');
  });

  it('redraws a bar in a terminal, the validation left out', async () => {
    const stream = new Recorder(true);
    await written(new ProgbarLogger(stream), 1, 4);
    const [title, drawn] = atLeast(stream.text.split('\n'), 2);
    expect(title).toBe('Epoch 1/2');
    const states = drawn.replaceAll('\x1b[K', '').split('\r').slice(1);
    expect(states).toHaveLength(3);
    expect(states[0]).toMatch(/^2\/4 \[={14}>\.{15}\] - ETA: 0s - \d+us\/step - loss: 0\.5000$/);
    expect(states[2]).toMatch(/^4\/4 \[={30}\] - 0s - \d+us\/step - loss: 0\.2500 - accuracy/);
  });

  it('shows how many steps were made where the data has ended early', async () => {
    const stream = new Recorder(false);
    const list = listOf([new ProgbarLogger(stream)], 2, 4);
    await list.onEpochBegin(0);
    await list.onProgress(3, {});
    await list.onEpochEnd(0, {});
    expect(stream.text).toMatch(/^Epoch 1\/2 3\/4 - /);
  });

  it('counts steps of which it does not know the number', async () => {
    const stream = new Recorder(true);
    const list = listOf([new ProgbarLogger(stream)], 1);
    firstOf(list.callbacks).setParams({ epochs: 1, steps: undefined, verbose: 1 });
    await list.onEpochBegin(0);
    await list.onProgress(7, {});
    await list.onEpochEnd(0, {});
    expect(stream.text).toMatch(/\r7\/Unknown - 0s/);
    expect(stream.text).toMatch(/\r7\/7 \[={30}\]/);
  });

  it('is silent with verbose 0 and writes lines with verbose 2', async () => {
    const [silent, lines] = [new Recorder(true), new Recorder(true)];
    await written(new ProgbarLogger(silent), 0, 4);
    await written(new ProgbarLogger(lines), 2, 4);
    expect(silent.text).toBe('');
    expect(lines.text.split('\n')).toHaveLength(3);
    expect(lines.text).not.toMatch(/\r/);
  });
});

import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Sequential, callbacks, layers, optimizers } from '../lib/index.js';
import { errorOf } from './support/run.js';

type Logs = callbacks.Logs;
interface Run {
  given: Logs[];
  rates: number[];
  logs: Logs[];
  weight: number;
}
interface Fixture {
  earlyStopping: (Run & { options: callbacks.EarlyStoppingOptions })[];
  reduceLROnPlateau: (Run & { options: callbacks.ReduceLROnPlateauOptions })[];
  learningRateScheduler: Run;
  ownLoop: {
    given: { loss: number; val_loss: number }[];
    heard: unknown[][];
    params: callbacks.CallbackParams;
    history: Pick<callbacks.History, 'epoch' | 'history'>;
  };
  csvLogger: { separator: string; append: boolean; given: Logs[]; text: string }[];
  lambdaCallback: { given: Logs[]; heard: unknown[][] };
  remoteMonitor: {
    options: callbacks.RemoteMonitorOptions;
    given: Logs[];
    sent: { url: string; form: Record<string, string> | null; json: unknown; headers: object | null }[];
  }[];
}
const fixture = JSON.parse(
  readFileSync(new URL('fixtures/callbacks.json', import.meta.url), 'utf8'),
) as Fixture;

/** What a callback does with the logs of each epoch, on a model whose only weight is the number of the epoch that has ended. */
async function run(callback: callbacks.Callback, given: readonly Logs[]): Promise<Omit<Run, 'given'>> {
  const model = {
    optimizer: optimizers.sgd({ learningRate: 0.1 }),
    stopTraining: false,
    weight: -1,
    getWeights: () => Promise.resolve([model.weight]),
    setWeights: ([weight = NaN]: number[]) => {
      model.weight = weight;
    },
  };
  callback.setModel(model as unknown as callbacks.Callback['model']);
  await callback.onTrainBegin({});
  const rates: number[] = [];
  const logs: Logs[] = [];
  for (const [epoch, log] of given.entries()) {
    await callback.onEpochBegin(epoch, {});
    model.weight = epoch;
    const own = { ...log };
    await callback.onEpochEnd(epoch, own);
    rates.push(Math.fround(model.optimizer.learningRate));
    logs.push(own);
    if (model.stopTraining) break;
  }
  await callback.onTrainEnd({});
  return { rates, logs, weight: model.weight };
}

/** Keras's logs with our names, and rates in float32 as Keras keeps them. */
const named = (logs: readonly Logs[]) =>
  logs.map((log) =>
    Object.fromEntries(
      Object.entries(log).map(([key, value]) => [
        key === 'learning_rate' ? 'learningRate' : key,
        Math.fround(value),
      ]),
    ),
  );

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbacks-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('callbackList', () => {
  it('calls the hooks of a loop as Keras does', async () => {
    const { given, heard, params, history } = fixture.ownLoop;
    const calls: unknown[][] = [];
    const recorder = (who: string) =>
      callbacks.lambdaCallback(
        Object.fromEntries(
          [...new Set(heard.map(([, name]) => name as string))].map((name) => [
            name,
            (...args: unknown[]) => void calls.push([who, name, ...args]),
          ]),
        ),
      );
    const model = { stopTraining: false, getWeights: () => Promise.resolve([]), directionOf: () => 'down' };
    const stopping = callbacks.earlyStopping({ monitor: 'val_loss', patience: 2 });
    const first = recorder('first');
    const list = callbacks.callbackList([first, stopping, recorder('second')], {
      addHistory: true,
      model: model as never,
      epochs: given.length,
      steps: 2,
      verbose: 0,
    });
    await list.onTrainBegin();
    for (const [epoch, log] of given.entries()) {
      await list.onEpochBegin(epoch);
      for (const batch of [0, 1]) {
        await list.onTrainBatchBegin(batch);
        await list.onTrainBatchEnd(batch, { loss: log.loss });
      }
      await list.onTestBegin();
      await list.onTestBatchBegin(0);
      await list.onTestBatchEnd(0);
      await list.onTestEnd({ loss: log.val_loss });
      await list.onEpochEnd(epoch, log);
      if (model.stopTraining) break;
    }
    await list.onTrainEnd();
    await list.onPredictBegin();
    await list.onPredictBatchBegin(0);
    await list.onPredictBatchEnd(0);
    await list.onPredictEnd();
    expect(calls).toEqual(heard);
    expect(first.params).toEqual(params);
    expect({ epoch: list.history?.epoch, history: list.history?.history }).toEqual(history);
  });
});

describe('as in Keras', () => {
  it.each(fixture.earlyStopping)('earlyStopping with $options', async ({ options, given, logs, weight }) => {
    const done = await run(callbacks.earlyStopping(options), given);
    expect(done.logs).toEqual(logs);
    expect(done.weight).toBe(weight);
  });

  it.each(fixture.reduceLROnPlateau)(
    'reduceLROnPlateau with $options',
    async ({ options, given, ...expected }) => {
      const done = await run(callbacks.reduceLROnPlateau(options), given);
      expect(done.rates).toEqual(expected.rates);
      expect(named(done.logs)).toEqual(named(expected.logs));
    },
  );

  it('learningRateScheduler', async () => {
    const { given, rates, logs } = fixture.learningRateScheduler;
    const done = await run(
      callbacks.learningRateScheduler((_, rate) => rate / 2),
      given,
    );
    expect(done.rates).toEqual(rates);
    expect(named(done.logs)).toEqual(named(logs));
  });

  it.each(fixture.csvLogger)(
    'csvLogger with $separator, append $append',
    async ({ separator, append, given, text }) => {
      const file = join(folder, `${append}${separator.charCodeAt(0)}${given.length}.csv`);
      for (let i = 0; i < 2; i++) await run(callbacks.csvLogger(file, { separator, append }), given);
      expect(await readFile(file, 'utf8')).toBe(text);
    },
  );
});

it('lambdaCallback calls its functions as Keras does', async () => {
  const { given, heard } = fixture.lambdaCallback;
  const calls: unknown[][] = [];
  const names = [...new Set(heard.map(([name]) => name as string))];
  const callback = callbacks.lambdaCallback(
    Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => void calls.push([name, ...args])])),
  );
  await callback.onTrainBegin({});
  for (const [epoch, log] of given.entries()) {
    await callback.onEpochBegin(epoch, {});
    await callback.onTrainBatchBegin(0, {});
    await callback.onTrainBatchEnd(0, log);
    await callback.onEpochEnd(epoch, log);
  }
  await callback.onTrainEnd(given.at(-1)!);
  expect(calls).toEqual(heard);
});

it.each(fixture.remoteMonitor)(
  'remoteMonitor sends what Keras does, $options',
  async ({ options, given, sent }) => {
    const asked = vi.spyOn(globalThis, 'fetch').mockImplementation(() => Promise.resolve(new Response()));
    try {
      const monitor = callbacks.remoteMonitor({ root: 'http://root', ...options });
      for (const [epoch, log] of given.entries()) await monitor.onEpochEnd(epoch, log);
      const posted = asked.mock.calls.map(([url, { method, body, headers } = {}]) => {
        expect(method).toBe('POST');
        const isForm = body instanceof URLSearchParams;
        const fields = isForm ? [...body].map(([field, text]) => [field, JSON.parse(text)] as const) : [];
        return {
          url,
          form: isForm ? Object.fromEntries(fields) : null,
          json: isForm ? null : (JSON.parse(body as string) as unknown),
          headers: Object.entries(headers ?? {}).filter(([name]) => name !== 'content-type'),
        };
      });
      const parsed = ({ url, form, json, headers }: (typeof sent)[number]) => ({
        url,
        form:
          form &&
          Object.fromEntries(
            Object.entries(form).map(([field, text]) => [field, JSON.parse(text) as unknown]),
          ),
        json,
        headers: Object.entries(headers ?? {}),
      });
      expect(posted).toEqual(sent.map(parsed));
    } finally {
      asked.mockRestore();
    }
  },
);

it('csvLogger writes numbers as Python does', async () => {
  const values = [0, -2, 0.1, 1e-5, 1.5e-7, 1e15, 1e16, 12345.678, NaN, Infinity];
  const file = join(folder, 'numbers.csv');
  await run(
    callbacks.csvLogger(file),
    values.map((loss) => ({ loss })),
  );
  const cells = (await readFile(file, 'utf8')).split('\r\n').map((line) => line.split(',')[1]);
  // print(repr(float)) of each.
  const expected = [
    '0.0',
    '-2.0',
    '0.1',
    '1e-05',
    '1.5e-07',
    '1000000000000000.0',
    '1e+16',
    '12345.678',
    'nan',
    'inf',
  ];
  expect(cells.slice(1, -1)).toEqual(expected);
});

/** A model of one weight w with loss w², from 1. */
function modelOf(learningRate: number) {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
  ]);
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse', metrics: ['accuracy'] });
  return model;
}
const zeros = new Float32Array(4);
const ones = zeros.map(() => 1);

describe('in a run of fit', () => {
  it('earlyStopping ends it and puts the best weights back', async () => {
    using model = modelOf(1.1); // w → -1.2 w: the loss grows
    const stop = callbacks.earlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
    const { epoch } = await model.fit(ones, zeros, {
      epochs: 9,
      batchSize: 4,
      verbose: 0,
      callbacks: [stop],
    });
    expect(epoch).toEqual([0, 1, 2]);
    expect([stop.stoppedEpoch, stop.bestEpoch]).toEqual([2, 0]);
    // The loss of an epoch is taken before its only step, the weight kept after it.
    expect((await model.getWeights())[0]?.data[0]).toBeCloseTo(-1.2, 6);
  });

  it.each([
    ['accuracy', true],
    ['val_accuracy', true],
    ['loss', false],
    ['val_loss', false],
  ])('more %s is better: %s', async (monitor, up) => {
    using model = modelOf(0);
    const watch = callbacks.earlyStopping({ monitor, patience: 1 });
    const epochs = { epochs: 3, verbose: 0, callbacks: [watch], validationData: [ones, zeros] } as const;
    await model.fit(ones, zeros, epochs);
    const improves = (value: number, than: number) =>
      (watch as unknown as { improves(value: number, than: number): boolean }).improves(value, than);
    expect([improves(2, 1), improves(1, 2)]).toEqual([up, !up]);
  });

  it('an unknown number warns, and one without a direction is an error', async () => {
    using model = modelOf(0.1);
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await model.fit(ones, zeros, {
      verbose: 0,
      callbacks: [callbacks.earlyStopping({ monitor: 'nothing' })],
    });
    expect(String(warned.mock.calls[0]?.[0])).toContain(
      "expected 'nothing' in the logs, received loss, accuracy",
    );
    warned.mockRestore();
    model.compile({
      loss: 'mse',
      metrics: [
        function mine(yTrue) {
          return yTrue;
        },
      ],
    });
    const stop = callbacks.earlyStopping({ monitor: 'mine' });
    const error = await model
      .fit(ones, zeros, { epochs: 2, verbose: 0, callbacks: [stop] })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ARGUMENT' });
  });

  it('reduceLROnPlateau puts the rates into the history', async () => {
    using model = modelOf(1.1);
    const reduce = callbacks.reduceLROnPlateau({ monitor: 'loss', factor: 0.5, patience: 1 });
    const { history } = await model.fit(ones, zeros, {
      epochs: 3,
      batchSize: 4,
      verbose: 0,
      callbacks: [reduce],
    });
    expect(history['learningRate']).toEqual([1.1, 1.1, 0.55]);
  });

  it.each([false, true])('terminateOnNaN, raiseError %s', async (raiseError) => {
    using model = modelOf(1e38);
    const said = vi.spyOn(console, 'log').mockImplementation(() => {});
    const done = model.fit(ones, zeros, {
      epochs: 9,
      batchSize: 1,
      verbose: 0,
      callbacks: [callbacks.terminateOnNaN({ raiseError })],
    });
    if (raiseError) await expect(done).rejects.toMatchObject({ code: 'STATE' });
    else expect((await done).epoch).toEqual([0]);
    said.mockRestore();
  });

  it('csvLogger rejects where the folder is missing', async () => {
    using model = modelOf(0.1);
    const csv = callbacks.csvLogger(join(folder, 'none', 'log.csv'));
    await expect(model.fit(ones, zeros, { verbose: 0, callbacks: [csv] })).rejects.toMatchObject({
      code: 'IO',
    });
  });
});

describe('remoteMonitor', () => {
  it.each([false, true])('posts each epoch, as JSON: %s', async (sendAsJson) => {
    const received: { url?: string; type?: string; body: string; own?: string | string[] }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const { url, headers } = request;
        received.push({ url, type: headers['content-type'], body, own: headers['x-own'] });
        response.end('thanks');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const monitor = callbacks.remoteMonitor({
        root,
        path: '/end',
        field: 'f',
        headers: { 'x-own': '1' },
        sendAsJson,
      });
      await run(monitor, [{ loss: 0.5 }]);
      const json = '{"epoch":0,"loss":0.5}';
      const body = sendAsJson ? json : `f=${encodeURIComponent(json)}`;
      expect(received).toMatchObject([{ url: '/end', body, own: '1' }]);
      expect(received[0]?.type).toContain(
        sendAsJson ? 'application/json' : 'application/x-www-form-urlencoded',
      );
    } finally {
      server.close();
    }
  });

  it('warns where there is no server', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await run(callbacks.remoteMonitor({ root: 'http://127.0.0.1:1' }), [{ loss: 1 }]);
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
  });
});

it.each([
  ['earlyStopping', () => callbacks.earlyStopping({ patience: -1 })],
  ['earlyStopping', () => callbacks.earlyStopping({ mode: 'up' as 'max' })],
  ['earlyStopping', () => callbacks.earlyStopping({ patients: 1 } as object)],
  ['reduceLROnPlateau', () => callbacks.reduceLROnPlateau({ factor: 1 })],
  ['learningRateScheduler', () => callbacks.learningRateScheduler(0.1 as never)],
  ['csvLogger', () => callbacks.csvLogger('')],
  ['csvLogger', () => callbacks.csvLogger('a', { separator: ', ' })],
  ['remoteMonitor', () => callbacks.remoteMonitor({ root: 'nowhere' })],
])('%s refuses what it cannot use', (name, make) => {
  const { code, message } = errorOf(make);
  expect([code, message.startsWith(`[${name}]`)]).toEqual(['ARGUMENT', true]);
});

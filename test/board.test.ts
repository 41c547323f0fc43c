// The server of the dashboard, and what it says of a run. The page itself is tested in a browser: test/browser.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NDArray, Sequential, callbacks, layers, optimizers, summary } from '../lib/index.js';
import type { LookAnswer, Looks, RunState, Told } from './support/board.js';
import { errorOf, rejectionOf } from './support/run.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'board-'));
});
afterAll(() => rm(folder, { recursive: true }));

const IMAGES = 12;
const pixels = Uint8Array.from({ length: IMAGES * 36 }, (_, i) => (i * 37 + (i % 36) * (i % 5)) % 256);
const labels = Int32Array.from({ length: IMAGES }, (_, i) => i % 3);
const images = { data: pixels, shape: [IMAGES, 6, 6, 1] };

function modelOf() {
  const model = new Sequential(
    [
      layers.input({ shape: [6, 6, 1] }),
      layers.rescaling({ scale: 1 / 255 }),
      layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', name: 'conv' }),
      layers.flatten(),
      layers.dense({ units: 3, activation: 'softmax', name: 'head' }),
    ],
    { seed: 1 },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.01 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return { model, x: new NDArray(images.data, images.shape), y: new NDArray(labels, [IMAGES]) };
}

/** An answer, asked with any headers. */
function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      // The path as it is: a URL would take `..` out of it.
      const [, port, path] = /^http:\/\/127\.0\.0\.1:(\d+)(\/.*)$/.exec(url)!;
      const to = { host: '127.0.0.1', port, path, method: options.method, headers: options.headers };
      const asked = request(to, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      });
      asked.on('error', reject);
      asked.end(options.body);
    },
  );
}
const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(url, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** What the server tells first. */
async function toldBy(url: string): Promise<Told> {
  const response = await fetch(`${url}api/events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value } = await reader.read();
    return JSON.parse(value!.slice('data: '.length)) as Told;
  } finally {
    await reader.cancel();
  }
}

describe('dashboard', () => {
  it('shows what the model does, while it trains and after it', async () => {
    const { model, x, y } = modelOf();
    const dir = join(folder, 'shown');
    const opened = vi.fn();
    const page = callbacks.dashboard({
      dir,
      data: [x, y],
      labels: ['a', 'b', 'c'],
      onOpen: opened,
      keepOpen: true,
    });
    let during: { told: Told; look: LookAnswer } | undefined;
    const asking = callbacks.lambdaCallback({
      onEpochEnd: async (epoch) => {
        if (epoch > 0) return;
        const look = await post(`${page.url!}api/look`, { index: 2 });
        during = { told: await toldBy(page.url!), look: JSON.parse(look.text) as LookAnswer };
      },
    });
    await model.fit(x, y, { epochs: 3, batchSize: 4, verbose: 0, callbacks: [page, asking] });
    const url = page.url!;
    try {
      expect(opened.mock.calls).toEqual([[url]]);
      expect(during!.told).toMatchObject({
        live: 'shown',
        runs: [{ name: 'shown', state: { state: 'running' } }],
      });
      expect(during!.look).toMatchObject({
        truth: 2,
        bytes: Buffer.from(pixels.subarray(72, 108)).toString('base64'),
      });

      const { runs } = await toldBy(url);
      const state = {
        ...{ state: 'finished', epochs: 3, steps: 3, labels: ['a', 'b', 'c'], image: [6, 6, 1], samples: 12 },
        setsLearningRate: true,
      };
      expect(runs[0]?.state).toMatchObject(state);
      expect(runs[0]?.state?.layers).toMatchObject([
        { className: 'Rescaling', parameters: 0 },
        { className: 'Conv2D', parameters: 40, shape: [-1, 4, 4, 4] },
        { className: 'Flatten' },
        { name: 'head', parameters: 64 * 3 + 3 },
      ]);

      const records = await summary.readRunLog(join(dir, 'log.jsonl'));
      const ends = records.filter(({ batch }) => batch === undefined);
      expect(ends.map(({ step, epoch }) => [step, epoch])).toEqual([
        [3, 0],
        [6, 1],
        [9, 2],
      ]);
      expect(ends[0]?.values).toMatchObject({ learning_rate: 0.01 });
      expect(Object.keys(ends[0]!.values).sort()).toEqual(['accuracy', 'learning_rate', 'loss']);
      const log = JSON.parse((await ask(`${url}api/log/shown?from=0`)).text) as {
        text: string;
        next: number;
      };
      expect(log.text).toBe(await readFile(join(dir, 'log.jsonl'), 'utf8'));
      const rest = JSON.parse((await ask(`${url}api/log/shown?from=${log.next}`)).text) as object;
      expect(rest).toEqual({ text: '', next: log.next });

      // The numbers are those of the model.
      const looks = JSON.parse((await ask(`${url}api/looks/shown`)).text) as Looks;
      const outputs = Array.from(await (await model.predict(x)).data());
      const predicted = Array.from(labels, (_, n) => {
        const row = outputs.slice(3 * n, 3 * n + 3);
        return row.indexOf(Math.max(...row));
      });
      const table = [0, 1, 2].map((truth) =>
        [0, 1, 2].map((guess) => predicted.filter((one, n) => one === guess && labels[n] === truth).length),
      );
      expect(looks).toMatchObject({ epoch: 2, confusion: table });
      expect(looks.samples).toHaveLength(IMAGES);
      const wrong = predicted.filter((one, n) => one !== labels[n]).length;
      looks.samples.forEach(({ index, truth, output }, place) => {
        expect(predicted[index] !== labels[index]).toBe(place < wrong);
        expect(truth).toBe(labels[index]);
        // The same steps in another plan: the last bits may differ.
        output.forEach((value, i) => expect(value).toBeCloseTo(outputs[3 * index + i]!, 5));
      });

      const [kernel, bias, head] = await Promise.all(
        model.trainableWeights.map((weight) => weight.value().data()),
      );
      expect(looks.weights.map(({ name }) => name)).toEqual(model.trainableWeights.map(({ name }) => name));
      for (const [i, numbers] of [kernel!, bias!, head!].entries()) {
        const { values, gradients } = looks.weights[i]!;
        const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
        expect([sum(values.counts), sum(gradients!.counts)]).toEqual([numbers.length, numbers.length]);
        expect(values.low).toBeCloseTo(Math.min(...numbers), 6);
        expect(values.high).toBeCloseTo(Math.max(...numbers), 6);
      }
      // The gradient of the head's bias is the mean of what the outputs are too large by.
      const { gradients } = looks.weights.at(-1)!;
      const means = [0, 1, 2].map(
        (unit) =>
          Array.from(labels).reduce(
            (all, label, n) => all + outputs[3 * n + unit]! - Number(label === unit),
            0,
          ) / IMAGES,
      );
      expect(gradients!.low).toBeCloseTo(Math.min(...means), 5);
      expect(gradients!.high).toBeCloseTo(Math.max(...means), 5);

      expect(looks.filters).toMatchObject([{ name: 'conv/kernel', count: 4, height: 3, width: 3 }]);
      const first = Array.from({ length: 9 }, (_, i) => kernel![4 * i]!);
      const [low, high] = [Math.min(...first), Math.max(...first)];
      const gray = Buffer.from(looks.filters[0]!.bytes, 'base64').subarray(0, 9);
      first.forEach((value, i) => {
        expect(Math.abs(gray[i]! - (255 * (value - low)) / (high - low))).toBeLessThanOrEqual(1);
      });
      expect(looks.look).toMatchObject({ index: 2 });
      expect(looks.look!.layers.map(({ count, height, width }) => [count, height, width])).toEqual([
        [1, 6, 6],
        [4, 4, 4],
        [1, 1, 64],
        [1, 1, 3],
      ]);

      // A drawing with the bytes of a sample is seen as it.
      const drawn = await post(`${url}api/look`, {
        pixels: Buffer.from(pixels.subarray(0, 36)).toString('base64'),
      });
      const seen = JSON.parse(drawn.text) as LookAnswer;
      expect(seen.truth).toBeNull();
      seen.output.forEach((value, i) => expect(value).toBeCloseTo(outputs[i]!, 5));
      for (const wrong of [
        { index: IMAGES },
        { index: -1 },
        { index: 'x' },
        { pixels: 'AAAA' },
        { pixels: 5 },
        {},
      ]) {
        const { status, text } = await post(`${url}api/look`, wrong);
        expect([status, text.includes('[dashboard] expected')]).toEqual([400, true]);
      }
    } finally {
      await page.close();
    }
    expect(page.url).toBeUndefined();

    const board = await summary.serveBoard(folder);
    try {
      expect(await toldBy(board.url)).toMatchObject({ live: null, runs: [{ name: 'shown' }] });
      expect((await post(`${board.url}api/control`, { action: 'stop' })).status).toBe(409);
    } finally {
      await board.close();
    }
  });

  it('pauses, goes on, changes the learning rate and stops', async () => {
    const { model, x, y } = modelOf();
    const dir = join(folder, 'steered');
    const page = callbacks.dashboard({ dir, onOpen: () => undefined });
    const stateOf = async () => JSON.parse(await readFile(join(dir, 'run.json'), 'utf8')) as RunState;
    let steering: Promise<void> | undefined;
    const steer = async () => {
      const url = `${page.url!}api/control`;
      expect((await post(url, { action: 'pause' })).status).toBe(200);
      await vi.waitFor(async () => expect((await stateOf()).state).toBe('paused'), 60_000);
      // Nothing else keeps a process that is paused.
      await vi.waitFor(() => expect(process.getActiveResourcesInfo()).toContain('TCPServerWrap'), 60_000);
      const before = await model.optimizer.iterations.value().data();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await model.optimizer.iterations.value().data()).toEqual(before);
      expect((await post(url, { action: 'learningRate', value: 0.5 })).status).toBe(200);
      expect(model.optimizer.learningRate).toBe(0.5);
      for (const wrong of [
        { action: 'learningRate', value: -1 },
        { action: 'learningRate' },
        { action: 'go' },
        {},
      ])
        expect((await post(url, wrong)).status).toBe(400);
      expect((await post(url, { action: 'resume' })).status).toBe(200);
      await vi.waitFor(async () => expect((await stateOf()).state).toBe('running'), 60_000);
      expect(process.getActiveResourcesInfo()).not.toContain('TCPServerWrap');
      expect((await post(url, { action: 'stop' })).status).toBe(200);
    };
    const start = callbacks.lambdaCallback({
      onEpochBegin: (epoch) => void (epoch === 1 && (steering = steer())),
    });
    const { epoch } = await model.fit(x, y, {
      epochs: 1e6,
      batchSize: 4,
      verbose: 0,
      callbacks: [page, start],
    });
    await steering;
    await page.close();
    expect(epoch.length).toBeLessThan(1e6);
    expect(await stateOf()).toMatchObject({ state: 'stopped' });
  });

  it('leaves the engine to the training between looks, however many are asked for', async () => {
    const { model, x, y } = modelOf();
    const page = callbacks.dashboard({ dir: join(folder, 'looked'), data: [x, y], onOpen: () => undefined });
    let asked: Promise<number[]> | undefined;
    const start = callbacks.lambdaCallback({
      onEpochBegin: () => {
        asked ??= Promise.all(
          [0, 1, 2, 3].map(async (index) => {
            await post(`${page.url!}api/look`, { index });
            return performance.now();
          }),
        ).finally(() => (model.stopTraining = true));
      },
    });
    await model.fit(x, y, { epochs: 1e6, batchSize: 4, verbose: 0, callbacks: [page, start] });
    const times = (await asked!).sort((a, b) => a - b);
    await page.close();
    // Three gaps of 200 ms; a timer may be early by less than one.
    expect(times[3]! - times[0]!).toBeGreaterThan(590);
  });

  it('goes on without a folder that can be written, and tells of it', async () => {
    const { model, x, y } = modelOf();
    const file = join(folder, 'file');
    await writeFile(file, '');
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const page = callbacks.dashboard({ dir: join(file, 'run'), onOpen: () => undefined });
    const { epoch } = await model.fit(x, y, { epochs: 2, verbose: 0, callbacks: [page] });
    expect(epoch).toEqual([0, 1]);
    expect(String(warned.mock.calls[0]?.[0])).toMatch(/\[dashboard\] training goes on/);
    warned.mockRestore();
    await page.close();
  });

  it('tells of a training that failed, and ends', async () => {
    const { model, x, y } = modelOf();
    const dir = join(folder, 'failed');
    const page = callbacks.dashboard({ dir, onOpen: () => undefined });
    const fail = callbacks.lambdaCallback({ onEpochEnd: () => Promise.reject(new Error('no more')) });
    await expect(model.fit(x, y, { verbose: 0, callbacks: [page, fail] })).rejects.toThrow('no more');
    await vi.waitFor(() => expect(page.url).toBeUndefined(), 60_000);
    expect(JSON.parse(await readFile(join(dir, 'run.json'), 'utf8'))).toMatchObject({ state: 'failed' });
  });

  it('refuses what it cannot use', async () => {
    for (const wrong of [
      { port: -1 },
      { port: 65_536 },
      { port: '80' },
      { dir: '' },
      { dir: 5 },
      { data: [] },
      { data: 5 },
      { labels: [1] },
      { onOpen: 5 },
      { keepOpen: 1 },
      { prot: 1 },
    ]) {
      const { code, message } = errorOf(() => callbacks.dashboard(wrong as never));
      expect([code, message.startsWith('[dashboard]')], JSON.stringify(wrong)).toEqual(['ARGUMENT', true]);
    }
    const { model, x, y } = modelOf();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const page = callbacks.dashboard({ dir: join(folder, 'taken'), port });
    expect(await rejectionOf(model.fit(x, y, { verbose: 0, callbacks: [page] }))).toMatchObject({
      code: 'IO',
      message: `[dashboard] expected a port that is free, received ${port}, which is in use: leave port out`,
    });
    taken.close();
    const few = callbacks.dashboard({ dir: join(folder, 'few'), data: [x, y.slice(0, 2)] });
    expect(await rejectionOf(model.fit(x, y, { verbose: 0, callbacks: [few] }))).toMatchObject({
      code: 'SHAPE',
    });
  });
});

const hexOf = (port: string) => Number(port).toString(16).toUpperCase().padStart(4, '0');

describe('the server', () => {
  let board: summary.ServedBoard;
  beforeAll(async () => {
    const runs = join(folder, 'runs');
    const shown = { _step: 1, _timestamp: 2, _runtime: 1, epoch: 0, loss: 0.5 };
    for (const [name, word] of [
      ['runs/shown', 'open'],
      ['outside', 'secret'],
    ] as const) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, 'log.jsonl'), `${JSON.stringify({ ...shown, [word]: 1 })}\n`);
      await writeFile(join(folder, name, 'looks.json'), JSON.stringify(word));
    }
    await symlink(join(folder, 'outside'), join(runs, 'link'));
    board = await summary.serveBoard(runs);
  });
  afterAll(() => board.close());

  it('serves the page, which loads nothing from elsewhere', async () => {
    const { status, headers, text } = await ask(board.url);
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' });
    const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
    expect(loaded.length).toBeGreaterThan(1);
    for (const path of loaded) {
      expect(path).toMatch(/^\.\//);
      expect((await ask(board.url + path.slice(2))).status).toBe(200);
    }
  });

  it('answers nobody who does not know the token, and no other host or origin', async () => {
    const { origin, port, pathname } = new URL(board.url);
    expect(pathname).toMatch(/^\/[\w-]{32}\/$/);
    const refused = [
      await ask(`${origin}/`),
      await ask(`${origin}/${'x'.repeat(32)}/api/events`),
      await ask(`${board.url}api/events`, { headers: { host: `evil.example:${port}` } }),
      await ask(`${board.url}api/events`, { headers: { origin: 'http://evil.example' } }),
      await post(`${board.url}api/control`, {}, { origin: 'null' }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 421, 403, 403]);
    for (const { headers } of refused) expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(
      (await ask(`${board.url}api/log/none?from=0`, { headers: { host: `localhost:${port}` } })).status,
    ).toBe(404);
  });

  it.each([
    ['a file outside', 'GET', '../../package.json', 404],
    ['a file outside, in code', 'GET', '..%2f..%2fpackage.json', 404],
    ['a folder outside', 'GET', 'api/log/..?from=0', 404],
    ['a folder outside, in code', 'GET', 'api/log/..%2foutside?from=0', 404],
    ['a link to a folder outside', 'GET', 'api/log/link?from=0', 404],
    ['what was seen of a folder outside', 'GET', 'api/looks/..%2foutside', 404],
    ['a path that cannot be read', 'GET', '%', 400],
    ['a place that is none', 'GET', 'api/log/shown?from=-1', 400],
    ['an unknown question', 'GET', 'api/all', 404],
    ['another method', 'DELETE', 'api/log/shown', 405],
  ])('refuses %s', async (_, method, path, status) => {
    const answer = await ask(board.url + path, { method });
    expect([answer.status, answer.text.includes('secret')]).toEqual([status, false]);
  });

  it('refuses bodies that are no JSON, or too large', async () => {
    const url = `${board.url}api/control`;
    expect((await post(url, {}, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(url, '{')).status).toBe(400);
    expect((await post(url, '[]')).status).toBe(400);
    expect((await post(url, JSON.stringify({ value: 'x'.repeat(1 << 20) }))).status).toBe(413);
  });

  it('listens on this machine alone', () => {
    const { pid } = process;
    const { hostname, port } = new URL(board.url);
    expect(hostname).toBe('127.0.0.1');
    // The tables of sockets of this process: addresses and ports in hexadecimal, 0A is a socket that listens.
    const listening = ['tcp', 'tcp6']
      .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n'))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hexOf(port)}`));
    expect(listening.map(([, local]) => local)).toEqual([`0100007F:${hexOf(port)}`]);
  });

  it('says of a run whose process has ended without a word that it has ended', async () => {
    const stateOf = async (pid: number, state: string) => {
      await writeFile(join(folder, 'runs/shown/run.json'), JSON.stringify({ state, pid }));
      return (await toldBy(board.url)).runs[0]?.state?.state;
    };
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(await stateOf(pid, 'running')).toBe('ended');
    expect(await stateOf(pid, 'paused')).toBe('ended');
    expect(await stateOf(pid, 'finished')).toBe('finished');
    expect(await stateOf(process.pid, 'running')).toBe('running');
    await rm(join(folder, 'runs/shown/run.json'));
  });

  it('refuses folders that are none', async () => {
    const file = join(folder, 'no-folder');
    await writeFile(file, '');
    expect(await rejectionOf(summary.serveBoard(join(folder, 'none')))).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(summary.serveBoard(file))).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(summary.serveBoard(''))).toMatchObject({ code: 'ARGUMENT' });
    expect(await rejectionOf(summary.serveBoard(folder, { port: 1.5 }))).toMatchObject({ code: 'ARGUMENT' });
    expect(await rejectionOf(summary.serveBoard(folder, { prot: 1 } as object))).toMatchObject({
      code: 'ARGUMENT',
    });
  });
});

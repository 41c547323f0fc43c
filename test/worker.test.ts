import { firstOf } from '../lib/base/list.js';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import * as ops from '../lib/ops/index.js';
import { ones } from '../lib/core/tensor.js';

interface Message {
  step?: number;
  losses?: number[];
}

function train(workerData: { steps: number; width: number; seed: number }): Worker {
  const file = new URL('support/train.worker.ts', import.meta.url).href;
  // A worker does not inherit the loader of TypeScript.
  const script = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(file)})));`;
  return new Worker(script, { eval: true, workerData });
}

function losses(worker: Worker): Promise<number[]> {
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (message: Message) => message.losses && resolve(message.losses));
  });
}

async function reach(worker: Worker, step: number): Promise<void> {
  for (;;) {
    const [message] = (await once(worker, 'message')) as [Message];
    if (message.step === step) return;
  }
}

describe('worker threads', () => {
  test('train beside each other and the main thread, each as if alone', async () => {
    const options = { steps: 20, width: 32, seed: 5 };
    const alone = await losses(train(options));
    expect(alone[19]).toBeLessThan(firstOf(alone));
    const together = [losses(train(options)), losses(train(options))];
    let t = ones([100]);
    for (let i = 0; i < 200; i++) {
      t = ops.add(t, 1);
      if (i % 20 === 0) await t.data();
    }
    expect(t.dataSync()[99]).toBe(201);
    for (const result of await Promise.all(together)) expect(result).toEqual(alone);
  });

  test('one that is terminated in mid-step takes nothing with it', async () => {
    for (let round = 0; round < 3; round++) {
      const worker = train({ steps: 1e6, width: 512, seed: round });
      await reach(worker, 3 + round);
      expect(await worker.terminate()).toBe(1);
      expect(ops.sum(ones([10])).itemSync()).toBe(10);
    }
    expect((await losses(train({ steps: 3, width: 16, seed: 1 }))).length).toBe(3);
  });
});

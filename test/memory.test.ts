import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { Cgroup } from './support/cgroup.js';
import { settled } from './support/garbage.js';
import { runScript } from './support/process.js';

function smallModel(): Sequential {
  const model = new Sequential([
    layers.input({ shape: [10, 10, 1] }),
    layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

const x = new NDArray(
  new Float32Array(1600).map((_, i) => Math.sin(i)),
  [16, 10, 10, 1],
);
const y = new NDArray(
  new Int32Array(16).map((_, i) => i % 3),
  [16],
);

// Functions of their own: what a loop's last turn held in the frame of the test would outlive it.
async function predictOften(model: Sequential, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await model.predict(x);
}

async function makeAndDrop(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await smallModel().fit(x, y, { batchSize: 8, epochs: 1, verbose: 0 });
}

describe('native memory', () => {
  it('is flat over 1,000 predict calls whose results nobody disposes of', async () => {
    const model = smallModel();
    await predictOften(model, 20);
    const before = await settled();
    await predictOften(model, 1000);
    expect(await settled()).toEqual(before);
    model.summary({ printFn: () => undefined }); // still in use: not collected before the count
  });

  it('is given back by 50 models that are made, trained and dropped', async () => {
    await makeAndDrop(5);
    const before = await settled(); // what is left is the engine's own scratch memory
    expect(before.tensors).toBe(0);
    await makeAndDrop(45);
    expect(await settled()).toEqual(before);
  });
});

describe('a process that may use 800 MB', () => {
  // Ends it by SIGKILL where it uses more.
  const limited = (script: string, skip: (note: string) => never) => {
    const group = Cgroup.make('memory', String(800 << 20)) ?? skip('no control group can be made here');
    try {
      const imports = `
        import { writeFileSync } from 'node:fs';
        import * as ops from './lib/ops/index.ts';
        import { ones, zeros } from './lib/core/tensor.ts';
        import { variable } from './lib/core/variable.ts';
        writeFileSync('${group.folder}/cgroup.procs', String(process.pid));`;
      const { signal, status, stdout, stderr } = runScript(`${imports}\n${script}`);
      expect({ signal, status, stderr }).toEqual({ signal: null, status: 0, stderr: '' });
      return stdout;
    } finally {
      group.remove();
    }
  };

  it('hears that the memory is used up, and goes on with what it has', ({ skip }) => {
    const script = `
      const list = [];
      let code;
      try { for (let i = 0; i < 400; i++) list.push(ops.add(ones([1e6]), i)); } catch (error) { code = error.code; }
      console.log(code, list.length > 100, list[7].dataSync()[999999]);
      list.length = 10;
      for (let i = 0; i < 50; i++) list.push(ops.add(ones([1e6]), i));
      console.log(list[59].dataSync()[0]);`;
    expect(limited(script, skip)).toBe('OUT_OF_MEMORY true 8\n50\n');
  });

  it.for([
    ['results', 'let t; for (let i = 0; i < 400; i++) t = ops.add(ones([1e6]), i);', '400'],
    ['a chain', 'let t = ones([1e6]); for (let i = 0; i < 600; i++) t = ops.add(t, 1);', '601'],
    [
      'values of a variable',
      'const t = variable(new Float32Array(1e6)), a = new Float32Array(1e6).fill(3); for (let i = 0; i < 400; i++) t.assign(a);',
      '3',
    ],
    ['a million small ones', 'let t; for (let i = 0; i < 1e6; i++) t = zeros([1]);', '0'],
  ])('drops %s in a loop without awaits', ([, script, last], { skip }) => {
    expect(limited(`${script}\n console.log((await t.data())[0]);`, skip)).toBe(`${last}\n`);
  });
});

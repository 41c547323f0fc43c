import { Dataset, NDArray, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';

const module = new URL('support/mapInWorker.mjs', import.meta.url);
const to = (count: number) => Array.from({ length: count }, (_, i) => i);
const rows = () => Dataset.fromArrays(Float32Array.from(to(40)));

describe('Dataset.parallel', () => {
  it.each([1, 2, 3])('keeps the order with %i workers, also from a place on', async (workers) => {
    const dataset = rows().shuffle(10, { seed: 1 }).parallel<NDArray>(workers, module);
    const wanted = (await rows().shuffle(10, { seed: 1 }).toArray()).map(({ data }) => 2 * (data[0] ?? NaN));
    const whole = await dataset.toArray();
    expect(whole[0]).toBeInstanceOf(NDArray);
    expect(whole.map(({ data }) => data[0])).toEqual(wanted);
    expect(dataset.cardinality()).toBe(40);
    const state = { version: 1, pass: 0, position: 15, seeds: [1] } as const;
    expect((await dataset.restore(state).toArray()).map(({ data }) => data[0])).toEqual(wanted.slice(15));
  });

  it('leaves the memory of the elements as it is', async () => {
    const x = Float32Array.of(1, 2, 3, 4);
    const [made] = await Dataset.fromArrays(new NDArray(x, [2, 2]))
      .parallel<NDArray>(1, module)
      .toArray();
    expect([made?.shape, [...(made?.data ?? [])], [...x]]).toEqual([[2], [2, 4], [1, 2, 3, 4]]);
  });

  it('hands over elements of any form, their number and that of the pass', async () => {
    const dataset = Dataset.fromGenerator(() => [{ a: 'text', b: [Int32Array.of(1), tensor([2])] }]);
    const told = { a: 'text', b: [Int32Array.of(1), new NDArray(Float32Array.of(2), [1])] };
    expect(await dataset.repeat(2).parallel(2, module.href, 'tell').toArray()).toEqual([
      [told, 0, 0],
      [told, 1, 0],
    ]);
  });

  it('rejects with the error of the function, and ends its workers', async () => {
    await expect(rows().parallel(2, module, 'fail').toArray()).rejects.toThrow(new RangeError('mine'));
    const elements = rows().parallel(2, module)[Symbol.asyncIterator]();
    await elements.next();
    await elements.return();
    expect((await elements.next()).done).toBe(true);
  });

  it.each([
    ['notCallable', 'ARGUMENT', 'exports no function notCallable'],
    ['none', 'ARGUMENT', 'exports no function none'],
    ['leave', 'STATE', 'code 3'],
  ] as const)('tells what is wrong with %s', async (name, code, message) => {
    const error = await rejectionOf(rows().parallel(2, module, name).toArray());
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
  });

  it('refuses what is no module', async () => {
    const missing = new URL('support/none.mjs', import.meta.url);
    expect(await rejectionOf(rows().parallel(1, missing).toArray())).toMatchObject({ code: 'ARGUMENT' });
    expect(() => rows().parallel(1, ((x: unknown) => x) as never)).toThrow(/cannot take a function/);
    expect(() => rows().parallel(1, 'no address')).toThrow(/URL of a module/);
    expect(() => rows().parallel(0, module)).toThrow(/workers/);
    expect(() => rows().parallel(1, module, '')).toThrow(/name/);
  });
});

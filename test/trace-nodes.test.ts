import { describe, expect, it } from 'vitest';
import { firstOf, itemAt } from '../lib/base/list.js';
import { type Sym, layers, ops, tensor, variable } from '../lib/index.js';
import { Trace } from '../lib/core/trace.js';

describe('what a trace tells its readers', () => {
  it('which op made a value, of what, and which of its results it is', () => {
    const trace = new Trace();
    const x = trace.input('float32', [-1, 6, 6, 2], 'x');
    expect(x.node).toMatchObject({ op: 'input', inputs: [], layer: undefined });
    const [y, places] = trace.op('maxPool', [x], { poolSize: [2, 2] });
    expect(y.node).toBe(places?.node);
    expect(y.node.outputs).toEqual([y, places]);
    expect(places && y.node.outputs.indexOf(places)).toBe(1);
    expect(y.node).toMatchObject({ op: 'maxPool', inputs: [x], attrs: { poolSize: [2, 2] } });
  });

  it('what holds the numbers of a parameter', () => {
    const trace = new Trace();
    const [w, t] = [variable([1, 2], { name: 'w' }), tensor([3])];
    expect(trace.lift(w).node).toMatchObject({ op: 'parameter', source: w });
    expect(trace.lift(t).node.source).toBe(t);
  });

  it('the innermost layer that was being called', () => {
    const trace = new Trace();
    const x = trace.input('float32', [-1, 3], 'x');
    const inner = layers.dense({ units: 2, name: 'inner' });
    const outer = layers.timeDistributed({ layer: inner, name: 'outer' });
    const y = trace.within(() => outer.apply(trace.input('float32', [-1, 4, 3], 'y')));
    expect(y.node.layer).toBe('outer');
    const product = ancestors(y).find(({ op }) => op === 'matmul');
    expect(product?.node.layer).toBe('inner');
    expect(ops.relu(x).node.layer).toBeUndefined();
  });

  it('the bodies of loops and choices', () => {
    const trace = new Trace();
    const x = trace.input('float32', [4], 'x');
    const [, sums]: readonly Sym[] = ops.scan((sum: Sym, at: Sym) => [ops.add(sum, at), sum], ops.sum(x), x);
    const { scan } = sums.node;
    expect(firstOf(scan!.states).next.op).toBe('add');
    expect(firstOf(scan!.sequences).whole).toBe(x);
    expect(firstOf(scan!.results).value).toBe(firstOf(scan!.states).before);
    const end = ops.whileLoop(
      (n: Sym) => ops.less(n, 3),
      (n: Sym) => [ops.add(n, 1)],
      [ops.sum(x)],
    );
    const { whileLoop } = itemAt(end as readonly Sym[], 0).node;
    expect(ancestors(whileLoop!.condition)).toContain(firstOf(whileLoop!.states).before);
    const chosen: Sym = ops.cond(
      ops.greater(ops.sum(x), 0),
      () => ops.exp(x),
      () => x,
    );
    expect(chosen.node.cond?.then.map(({ op }) => op)).toEqual(['exp']);
    expect(chosen.node.cond?.otherwise).toEqual([x]);
    expect(chosen.node.outputs).toEqual([chosen]);
  });
});

function ancestors(y: Sym): Sym[] {
  const found = new Set([y]);
  for (const { inputs } of found) for (const input of inputs) found.add(input);
  return [...found];
}

import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { type Sym, type Variable, compile, grad, ops, tensor, variable } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { type Stored, readFixture, rms, worst } from './fixtures/read.js';

interface Entry {
  name: string;
  x: Stored;
  labels: Stored;
  weights: Stored[];
  vectors: Stored[];
  loss: number;
  gradients: Stored[];
  products: Stored[];
}

type Net = (x: Sym, weights: Variable[]) => Sym;

const nets: Record<string, Net> = {
  mlp: (x, [w1, b1, w2, b2]) => ops.add(ops.matmul(ops.tanh(ops.add(ops.matmul(x, w1!), b1!)), w2!), b2!),

  convnet: (x, given) => {
    const [w1, b1, w2, b2, w3, b3] = atLeast(given, 6);
    const first = ops.maxPool(ops.softplus(ops.add(ops.conv(x, w1), b1)), { poolSize: 2 });
    const second = ops.relu(ops.add(ops.conv(first, w2, { padding: 'same' }), b2));
    const pooled = ops.averagePool(second, { poolSize: 2, padding: 'same' });
    return ops.add(ops.matmul(ops.reshape(pooled, [firstOf(x.shape), 64]), w3), b3);
  },
};

/** float32 sums of a few hundred terms, forwards, backwards and backwards again: some 1e-6 of a tensor's size each time. */
const BOUND = 2e-5;

describe('Hessian-vector products', () => {
  it.each((readFixture('hessian') as { entries: Entry[] }).entries)(
    "of the $name equal PyTorch's",
    async (entry) => {
      const place = ({ data, shape, dtype }: Stored) => tensor(data, shape, dtype);
      const weights = entry.weights.map((stored) => variable(place(stored)));
      const run = compile((x: Sym, labels: Sym, ...vectors: Sym[]) => {
        const loss = ops.mean(ops.sparseSoftmaxCrossEntropy(nets[entry.name]!(x, weights), labels));
        const gradients = grad(loss, weights);
        const along = gradients
          .map((g, i) => ops.sum(ops.multiply(g, itemAt(vectors, i))))
          .reduce((a, b) => ops.add(a, b));
        return { loss, gradients, products: grad(along, weights) };
      });
      const { loss, gradients, products } = await run(
        place(entry.x),
        place(entry.labels),
        ...entry.vectors.map(place),
      );

      expect(Math.abs((await loss.item()) - entry.loss)).toBeLessThan(BOUND * entry.loss);
      for (const [i, expected] of entry.gradients.entries())
        expect(
          worst(await itemAt(gradients, i).data(), expected.data, rms(expected.data)),
          `gradient ${i}`,
        ).toBeLessThan(BOUND);
      for (const [i, expected] of entry.products.entries())
        expect(
          worst(await itemAt(products, i).data(), expected.data, rms(expected.data)),
          `product ${i}`,
        ).toBeLessThan(BOUND);
    },
  );
});

// Images read between their pixels, compared with Keras's numbers: test/fixtures/resampling.json.
import { readFileSync } from 'node:fs';
import { type Sym, type Tensor, compile, layers, ops, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { worst } from './fixtures/read.js';

interface Row {
  fn: 'resize' | 'mapCoordinates' | 'scaleAndTranslate' | 'upSampling2d';
  shape: number[];
  args: unknown[];
  options: Record<string, unknown>;
  made: number[];
  y: number[];
}

const rows = JSON.parse(readFileSync(new URL('fixtures/resampling.json', import.meta.url), 'utf8')) as Row[];

type Loose = (x: Sym | Tensor, ...args: unknown[]) => Sym;

function call({ fn, args, options }: Row, x: Sym): Sym {
  if (fn === 'upSampling2d') return layers.upSampling2d(options).apply(x);
  return (ops.image as unknown as Record<string, Loose>)[fn]!(x, ...args, options);
}

// Of numbers up to 1 (a fill value is less) sums of up to 30 products with weights whose sizes add up to 2 at most, rounded in float32 on
// both sides. Lanczos' weights are sines of up to 5 π, which float32 has to 1e-6.
const BOUND = 30 * 2 ** -24 * 2 + 2e-6;

describe("Keras's numbers between pixels", () => {
  it.each(rows.map((row, i) => [`${i} ${row.fn} ${JSON.stringify([row.args, row.options])}`, row] as const))(
    '%s',
    async (_, row) => {
      const x = tensor(
        Float32Array.from({ length: row.shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
        row.shape,
      );
      const y = await compile((x: Sym) => call(row, x))(x);
      expect(y.shape).toEqual(row.made);
      expect(worst((await y.data()) as Float32Array, Float32Array.from(row.y), 1)).toBeLessThan(BOUND);
    },
  );
});

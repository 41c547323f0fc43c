import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Model, type Sym, exportOnnx, importOnnx, layers, tensor } from '../lib/index.js';
import { OPS } from '../lib/onnx/export/ops.js';
import { itemAt } from '../lib/base/list.js';
import { type Case, call, cases } from './cases/run.js';
import { differenceOf } from './support/onnxCases.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-export-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A row of the tables of ops as a layer. */
class Row extends layers.Layer {
  readonly className = 'Row';

  constructor(readonly row: Case) {
    super();
  }

  call(x: Sym | readonly Sym[]): Sym {
    return call(this.row, Array.isArray(x) ? (x as readonly Sym[]) : [x as Sym]);
  }
}

/** What came of a row: nothing where it is right. */
async function outcome(row: Case): Promise<string | undefined> {
  const places = row.inputs.map(({ shape, dtype }) => layers.input({ batchShape: shape, dtype }));
  const model = new Model({ inputs: places, outputs: new Row(row).apply(places) });
  const path = join(folder, 'row.onnx');
  await exportOnnx(model as never, path, { opset: 20 });
  const net = await importOnnx(path);
  const feeds = row.inputs.map(({ data, shape, dtype }, i) => [
    itemAt(net.places, i).name,
    tensor(data, shape, dtype),
  ]);
  const made = await net.infer(Object.fromEntries(feeds) as never);
  const y = itemAt(Object.values(made), 0);
  if (y.shape.join() !== row.y.shape.join()) return `shape [${y.shape.join()}] for [${row.y.shape.join()}]`;
  const [wanted, given] = [Array.from(row.y.data), Array.from(await y.data())];
  const plain = wanted.map((n, i) => (Number.isFinite(n) ? i : -1)).filter((i) => i >= 0);
  const strange = wanted.findIndex((n, i) => !Number.isFinite(n) && !Object.is(n, given[i]));
  if (strange >= 0) return `${given[strange]} for ${wanted[strange]}`;
  const at = (list: readonly number[]) => plain.map((i) => itemAt(list, i));
  const difference = differenceOf(at(wanted), at(given));
  return difference <= 1 ? undefined : `${difference} of what numbers may differ`;
}

/** Rows whose result differs by the nature of ONNX. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'sort 6': 'sorting takes NaN as infinity, and leaves the two in their order',
};

describe('the rows of the tables of ops', () => {
  // A model has no scalars and nothing without numbers as inputs.
  const rows = cases.filter(
    ({ inputs }) => inputs.length > 0 && inputs.every(({ shape }) => shape.length > 0 && !shape.includes(0)),
  );
  const byOp = new Map<string, Case[]>();
  for (const row of rows) byOp.set(row.op, [...(byOp.get(row.op) ?? []), row]);
  it.each([...byOp])('%s', async (_, list) => {
    const wrong: string[] = [];
    for (const row of list) {
      const found = await outcome(row).catch((error: unknown) => String(error));
      // Refused for a reason in the table, or as masks of the states of recurrent ops.
      const isMasked = found?.includes('its states are masked') && row.name.includes('"masked": true');
      const isRefused = Object.entries(OPS.refused).some(
        ([op, reason]) => found?.includes(`received '${op}'`) && found.includes(reason),
      );
      if (row.name in DIFFERENT) expect(found, row.name).toBeDefined();
      else if (found !== undefined && !isRefused && !isMasked) wrong.push(`${row.name}: ${found}`);
    }
    expect(wrong).toEqual([]);
  });
});

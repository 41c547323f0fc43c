/**
 * Prints the convolutions that cuDNN is asked for, each once, one a line: those of the nets of the bench at its sizes, of the whole nets in
 * test/fixtures/nets.json, of ResNet-50, and of the op table. Read by engines.cpp:
 *
 *     name ; image ; kernel ; strides ; dilations ; pads ; padding ; groups ; dataFormat
 */
import { readFileSync } from 'node:fs';
import {
  type Model,
  type Sym,
  type Tensor,
  type TypedArray,
  applications,
  compile,
  tensor,
  zeros,
} from 'nodegrad';
import { nets } from '../../../bench/nets/index.js';
import { call, cases } from '../../cases/run.js';

const lines = new Map<string, string>();

type Numbers = readonly number[];
interface Convolution {
  image: Numbers;
  kernel: Numbers;
  attrs: Sym['attrs'];
}

/** The convolution that a value is, or whose data gradient it is. */
function convolutionOf({ op, node, shape }: Sym): Convolution | undefined {
  const [image, kernel] = node.inputs.map((input) => input.shape);
  if (!image || !kernel) return undefined;
  if (op === 'conv') return { image, kernel, attrs: node.attrs };
  const { outputPadding } = node.attrs;
  if (op !== 'convTranspose' || (outputPadding as Numbers | undefined)?.some((n) => n > 0)) return undefined;
  return { image: shape, kernel, attrs: node.attrs };
}

/** The same where plans make one of it and the zeros that are added before it. */
function folded(value: Sym): Convolution | undefined {
  const [padded, kernel] = value.node.inputs;
  if (value.op !== 'conv' || padded?.op !== 'pad' || !kernel) return undefined;
  const { padding, dataFormat } = value.attrs;
  const { paddings, value: filling } = padded.attrs;
  const image = padded.inputs[0]?.shape;
  if (!image || padding !== 'valid' || dataFormat === 'channelsFirst' || (filling ?? 0) !== 0)
    return undefined;
  const pads = (paddings as Numbers).slice(2, -2);
  return { image, kernel: kernel.shape, attrs: { ...value.attrs, padding: 'explicit', pads } };
}

/** All values that one is made from, itself included. */
function ancestors(last: readonly Sym[]): Set<Sym> {
  const found = new Set<Sym>();
  const open = [...last];
  for (let value = open.pop(); value; value = open.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    open.push(...value.node.inputs);
  }
  return found;
}

/** Notes the convolutions that some values are made by. */
function note(name: string, batch: number, values: readonly Sym[]): void {
  for (const value of ancestors(values))
    for (const found of [convolutionOf(value), folded(value)]) {
      if (!found) continue;
      const {
        strides = [],
        dilations = [],
        padding = 'valid',
        pads = [],
        groups = 1,
        dataFormat = 'channelsLast',
      } = found.attrs;
      const image = found.image.map((size) => (size < 0 ? batch : size));
      const lists = [image, found.kernel, strides as Numbers, dilations as Numbers, pads as Numbers].map(
        (each) => each.join(' '),
      );
      const line = [...lists, padding, groups, dataFormat].map(String).join(' ; ');
      if (!lines.has(line)) lines.set(line, name);
    }
}

const traced = new Error('traced');

/** The same of a function of these inputs, which does not run. */
async function noteOf(name: string, fn: (...xs: Sym[]) => Sym, inputs: readonly Tensor[]): Promise<void> {
  const step = compile((...xs: Sym[]) => {
    note(name, inputs[0]?.shape[0] ?? 1, [fn(...xs)]);
    throw traced;
  });
  await Promise.resolve()
    .then(() => step(...inputs))
    .catch((error: unknown) => {
      if (error !== traced) throw error;
    });
}

const noteModel = (
  name: string,
  model: Model,
  { data, shape }: { data: TypedArray; shape: readonly number[] },
) => noteOf(name, (x) => model.apply(x, { training: true }), [tensor(data, shape)]);

for (const [name, net] of Object.entries(nets))
  await noteModel(name, net.build(net.size), net.data(net.batch, net.size).x);
const { entries } = JSON.parse(
  readFileSync(new URL('../../fixtures/nets.json', import.meta.url), 'utf8'),
) as {
  entries: { name: string; batch: number; size: number }[];
};
for (const { name, batch, size } of entries) {
  const net = nets[name];
  if (!net) throw new Error(`no net ${name}`);
  await noteModel(`${name} of tests`, net.build(size, false), net.data(batch, size).x);
}
const resNet50 = await applications.resNet50({ weights: null });
await noteOf('resNet50', (x) => resNet50.apply(x, { training: true }), [zeros([64, 224, 224, 3])]);
for (const row of cases)
  await noteOf(
    `table ${row.op}`,
    (...xs) => call(row, xs),
    row.inputs.map(({ data, shape, dtype }) => tensor(data, shape, dtype)),
  );
for (const [line, name] of lines) console.log(`${name} ; ${line}`);

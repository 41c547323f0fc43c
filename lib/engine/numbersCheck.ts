import { EngineError } from '../base/errors.js';
import { itemAt } from '../base/list.js';
import { type Attrs, type Engine, type NativeGraph, type ValueId, engine } from './engine.js';

/** A computation whose numbers are whole, up to eighths, so that each way to round gives the same. */
interface Check {
  /** What it stands for. */
  readonly name: string;
  /** What it computes, in words. */
  readonly text: string;
  /** What may be at fault, besides the GPU and its driver. */
  readonly library: string;
  readonly inputs: readonly { readonly shape: readonly number[]; readonly data: Float32Array }[];
  build(
    add: (op: string, inputs: readonly ValueId[], attrs?: Attrs) => ValueId,
    inputs: readonly ValueId[],
  ): ValueId;
  /** The result at a place. */
  wanted(at: number): number;
}

const whole = (length: number, period: number) =>
  Float32Array.from({ length }, (_, i) => (i % period) - Math.floor(period / 2));

const COUNT = 1000;
const x = Float32Array.from({ length: COUNT }, (_, i) => (i - COUNT / 2) / 8);
const elementwise: Check = {
  name: 'element-wise ops',
  text: 'x · x + x',
  library: 'CUDA or nodegrad-cuda',
  inputs: [{ shape: [COUNT], data: x }],
  build: (add, [input = 0]) => add('add', [add('multiply', [input, input]), input]),
  wanted: (i) => itemAt(x, i) * itemAt(x, i) + itemAt(x, i),
};

const ROWS = 24;
const DEPTH = 40;
const COLUMNS = 16;
const a = whole(ROWS * DEPTH, 7);
const b = whole(DEPTH * COLUMNS, 5);
const product: Check = {
  name: 'products',
  text: 'a product of matrices',
  library: 'cuBLASLt or nodegrad-cuda',
  inputs: [
    { shape: [ROWS, DEPTH], data: a },
    { shape: [DEPTH, COLUMNS], data: b },
  ],
  build: (add, inputs) => add('matmul', inputs),
  wanted(place) {
    const row = Math.floor(place / COLUMNS);
    const column = place % COLUMNS;
    let sum = 0;
    for (let k = 0; k < DEPTH; k++) sum += itemAt(a, row * DEPTH + k) * itemAt(b, k * COLUMNS + column);
    return sum;
  },
};

const SIDE = 8;
const KERNEL = 3;
const OUT = SIDE - KERNEL + 1;
const CHANNELS = 4;
const FILTERS = 8;
const image = whole(SIDE * SIDE * CHANNELS, 7);
const kernel = whole(KERNEL * KERNEL * CHANNELS * FILTERS, 5);
const convolution: Check = {
  name: 'convolutions',
  text: 'a convolution',
  library: 'cuDNN or nodegrad-cuda',
  inputs: [
    { shape: [1, SIDE, SIDE, CHANNELS], data: image },
    { shape: [KERNEL, KERNEL, CHANNELS, FILTERS], data: kernel },
  ],
  build: (add, inputs) => add('conv', inputs),
  wanted(place) {
    const filter = place % FILTERS;
    const column = Math.floor(place / FILTERS) % OUT;
    const row = Math.floor(place / FILTERS / OUT);
    let sum = 0;
    for (let tap = 0; tap < KERNEL * KERNEL; tap++) {
      const pixel = (row + Math.floor(tap / KERNEL)) * SIDE + column + (tap % KERNEL);
      for (let c = 0; c < CHANNELS; c++)
        sum += itemAt(image, pixel * CHANNELS + c) * itemAt(kernel, (tap * CHANNELS + c) * FILTERS + filter);
    }
    return sum;
  },
};

const CHECKS = [elementwise, product, convolution];

/**
 * Computes on a device what is known, by each of the libraries that compute there.
 *
 * @returns What was checked, in words.
 * @throws EngineError `DEVICE` where a number differs, and what the device fails with.
 */
export function checkNumbers(device: string): string {
  for (const check of CHECKS) runCheck(check, device);
  return `${CHECKS.map(({ name }) => name).join(', ')}: as on the CPU`;
}

function runCheck(check: Check, device: string): void {
  const native = engine();
  const graph = native.createGraph();
  const inputs = check.inputs.map(
    ({ shape }, i) => native.addInput(graph, 'float32', shape, `input ${i}`).id,
  );
  const result = check.build(adder(native, graph), inputs);
  const program = native.createProgram(graph, inputs, [result], [], 'float32', device);
  const fed = check.inputs.map(({ shape, data }) => native.createTensor('float32', shape, data));
  const { outputs } = native.run(program, fed, 1, true);
  const received = outputs.map((output) => native.readTensorSync(output))[0] ?? [];
  for (const tensor of [...fed, ...outputs]) native.disposeTensor(tensor);
  received.forEach((number, i) => {
    const wanted = check.wanted(i);
    if (number === wanted) return;
    throw new EngineError(
      'DEVICE',
      `expected ${check.text} to have ${wanted} at place ${i}, received ${number} on the device ${device}: ` +
        `the GPU, its driver, ${check.library} is at fault`,
    );
  });
}

function adder(native: Engine, graph: NativeGraph) {
  return (op: string, inputs: readonly ValueId[], attrs: Attrs = {}): ValueId => {
    const [made] = native.addOp(graph, op, inputs, attrs);
    if (made === undefined) throw new EngineError('INTERNAL', `[${op}] has no result`);
    return made.id;
  };
}

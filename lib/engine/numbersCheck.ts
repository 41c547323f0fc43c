import { EngineError } from '../base/errors.js';
import { engine } from './engine.js';

const COUNT = 1000;

/**
 * Computes x · x + x on a device, of numbers for which each way to round gives the same.
 *
 * @returns What was checked, in words.
 * @throws EngineError `DEVICE` where a number differs, and what the device fails with.
 */
export function checkNumbers(device: string): string {
  const native = engine();
  const x = Float32Array.from({ length: COUNT }, (_, i) => (i - COUNT / 2) / 8);
  const graph = native.createGraph();
  const input = native.addInput(graph, 'float32', [COUNT], 'x').id;
  const [square] = native.addOp(graph, 'multiply', [input, input], {});
  const [sum] = square === undefined ? [] : native.addOp(graph, 'add', [square.id, input], {});
  const fetches = sum === undefined ? [] : [sum.id];
  const program = native.createProgram(graph, [input], fetches, [], 'float32', device);
  const fed = native.createTensor('float32', [COUNT], x);
  const { outputs } = native.run(program, [fed], 1, true);
  const received = outputs.map((output) => native.readTensorSync(output))[0];
  for (const tensor of [fed, ...outputs]) native.disposeTensor(tensor);
  x.forEach((number, i) => {
    const wanted = number * number + number;
    if (received?.[i] === wanted) return;
    throw new EngineError(
      'DEVICE',
      `expected x · x + x to be ${wanted} for x = ${number}, received ${received?.[i]} on the device ${device}: ` +
        'the GPU, its driver or nodegrad-cuda is at fault',
    );
  });
  return 'element-wise ops as on the CPU';
}

import { expected } from '../base/checks.js';
import { getDevice } from '../engine/devices.js';
import type { Attrs } from '../engine/engine.js';
import { LruCache } from '../base/lruCache.js';
import type { Program } from './program.js';
import type { Tensor } from './tensor.js';
import { Trace } from './trace.js';

// One program for each device, op, its attributes and the types of its inputs.
const programs = new LruCache<string, Program>(512);

/** Queues one op on tensors, as a whole program, and gives its first `outputs`. @internal */
export function eager(op: string, inputs: readonly Tensor[], attrs: Attrs = {}, outputs = 1): Tensor[] {
  let key = `${getDevice()} ${op} ${outputs}`;
  try {
    for (const name in attrs) key += ` ${name}=${String(attrs[name])}`;
  } catch {
    throw expected(op, 'attributes of numbers, words or lists of numbers', attrs, 'ATTRIBUTE');
  }
  for (const input of inputs) key += `|${input.dtype} ${input.shape.join()}`;
  let program = programs.get(key);
  if (!program) programs.set(key, (program = makeProgram(op, inputs, attrs, outputs)));
  return program.runSilently(inputs);
}

function makeProgram(op: string, inputs: readonly Tensor[], attrs: Attrs, outputs: number): Program {
  const trace = new Trace();
  const feeds = inputs.map((input, i) => trace.input(input.dtype, input.shape, `input ${i}`));
  return trace.program(feeds, trace.op(op, feeds, attrs).slice(0, outputs));
}

// Runs a test through importOnnx, and what its interface does not take (lists, texts) through the network beneath.
import { itemAt } from '../../lib/base/list.js';
import { EngineError } from '../../lib/index.js';
import { importOnnx } from '../../lib/onnx/importOnnx.js';
import { FORMATS, isNumberType } from '../../lib/onnx/dtypes.js';
import { Network } from '../../lib/onnx/import/network.js';
import {
  type OnnxValue,
  SequenceValue,
  TensorValue,
  TextValue,
  valueOf,
} from '../../lib/onnx/import/values.js';
import type { OnnxArray } from '../../lib/onnx/tensors.js';
import { tensor } from '../../lib/index.js';
import * as ops from '../../lib/ops/index.js';
import { type Case, type Datum, type Numbers, difference, readTensor, typeName } from './cases.js';

const isTensor = (value: Datum): value is Numbers =>
  value !== undefined && !Array.isArray(value) && (value as Numbers).type !== 'STRING';

/** Why a test fails; undefined: it passes. */
export async function failureOfOurs({ bytes, model, sets }: Case): Promise<string | undefined> {
  const graph = model.graph!;
  for (const { inputs, outputs } of sets) {
    try {
      const typesAre = graph.input.every(({ type }) => type?.tensorType);
      const plain = typesAre && [...inputs, ...outputs].every(isTensor) && inputs.length > 0;
      const made = plain
        ? await inferred(bytes, model, inputs as readonly Numbers[], outputs as readonly Numbers[])
        : direct(model, inputs);
      for (const [i, wanted] of outputs.entries()) {
        const found = difference(wanted, made[i], graph.output[i]?.name);
        if (found) return found;
      }
    } catch (error) {
      const kind = error instanceof EngineError ? '' : 'no EngineError: ';
      return kind + String(error instanceof Error ? error.message : error);
    }
  }
  return undefined;
}

/** Why a net of the package gives other numbers than its file of outputs has; undefined: it gives these. */
export async function failureOfNet(path: string): Promise<string | undefined> {
  try {
    const net = await importOnnx(path);
    const { name, shape = [] } = itemAt(net.places, 0);
    const size = shape.reduce((product, n) => product * n, 1);
    const x = Float32Array.from({ length: size }, (_, i) => i / size);
    const made = await net.infer({ [name]: tensor(x, shape) });
    const [y] = Object.values(made);
    net.dispose();
    return difference(readTensor(path.replace('.onnx', '_output_0.pb')), {
      ...{ type: 'FLOAT', shape: y!.shape },
      data: await y!.data(),
    });
  } catch (error) {
    return String(error);
  }
}

async function inferred(
  bytes: Uint8Array,
  { graph }: Case['model'],
  inputs: readonly Numbers[],
  outputs: readonly Numbers[],
): Promise<Datum[]> {
  const net = await importOnnx(bytes);
  const feeds = Object.fromEntries(
    inputs.map((one, i) => {
      const { dtype } = FORMATS[one.type as keyof typeof FORMATS];
      const { x } = valueOf('test', one as OnnxArray);
      return [graph!.input[i]!.name, x.dtype === dtype ? x : ops.cast(x, dtype)];
    }),
  );
  const made = await net.infer(feeds as never);
  const results = await Promise.all(
    outputs.map(async (_, i) => {
      const { name, type } = graph!.output[i]!;
      const { shape } = made[name]!;
      return { type: typeName(type?.tensorType?.elemType ?? 0), shape, data: await made[name]!.data() };
    }),
  );
  net.dispose();
  return results;
}

function direct(model: Case['model'], inputs: readonly Datum[]): Datum[] {
  const network = new Network(model, () => {
    throw new Error('no other files');
  });
  const given = new Map<string, OnnxValue>();
  inputs.forEach((one, i) => {
    const value = valueFor(one);
    if (value) given.set(model.graph!.input[i]!.name, value);
  });
  const wanted = model.graph!.output.map(({ name }) => name);
  return network.run(given, wanted).map(datumOf);
}

function valueFor(one: Datum): OnnxValue | undefined {
  if (one === undefined) return undefined;
  if (Array.isArray(one))
    return new SequenceValue((one as readonly Datum[]).flatMap((item) => valueFor(item) ?? []));
  const numbers = one as Numbers;
  if (numbers.type === 'STRING') return new TextValue(numbers.data as readonly string[], numbers.shape);
  if (isNumberType(numbers.type as never)) return valueOf('test', numbers as OnnxArray);
  return new TensorValue(tensor(numbers.data as never) as never, 'FLOAT');
}

function datumOf(value: OnnxValue): Datum {
  if (value instanceof SequenceValue) return value.items.map(datumOf);
  if (value instanceof TextValue) return { type: 'STRING', shape: value.shape, data: value.texts };
  const held = ops.array(value.x);
  return { type: value.type, shape: held.shape, data: held.dataSync() };
}

// The tests that the package onnx (PyPI) brings: a model, inputs and outputs each.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { typeOfCode } from '../../lib/onnx/dtypes.js';
import { onnxCodec } from '../../lib/onnx/codec.js';
import type { ModelProto, TensorProto, TypeProto } from '../../lib/onnx/messages.js';
import { ONNX_SCHEMA } from '../../lib/onnx/schema.js';
import { arrayOf } from '../../lib/onnx/tensors.js';

/** Numbers or texts of a tensor. */
export interface Numbers {
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | readonly string[];
  /** The bytes in the file, where they are there as a whole. */
  readonly raw?: Uint8Array;
}

/** What goes in or comes out: a tensor, a list of such, or nothing. */
export type Datum = Numbers | readonly Datum[] | undefined;

export interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly model: ModelProto;
  /** The ops, those of graphs within nodes included. */
  readonly ops: readonly string[];
  readonly sets: readonly { readonly inputs: readonly Datum[]; readonly outputs: readonly Datum[] }[];
}

const codec = await onnxCodec('test');

// Lists and optional values, of the file onnx-data.proto.
const message = (fields: Record<string, [type: string, id: number, repeated?: true]>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, repeated]]) => [
      name,
      { type, id, ...(repeated && { rule: 'repeated' }) },
    ]),
  ),
});
const root = protobuf.Root.fromJSON({
  nested: {
    ...ONNX_SCHEMA.nested,
    data: {
      nested: {
        SequenceProto: message({
          name: ['string', 1],
          elemType: ['int32', 2],
          tensorValues: ['onnx.TensorProto', 3, true],
          sequenceValues: ['SequenceProto', 5, true],
        }),
        OptionalProto: message({
          name: ['string', 1],
          elemType: ['int32', 2],
          tensorValue: ['onnx.TensorProto', 3],
          sequenceValue: ['SequenceProto', 5],
        }),
      },
    },
  },
});

interface SequenceProto {
  readonly elemType: number;
  readonly tensorValues: readonly TensorProto[];
  readonly sequenceValues: readonly SequenceProto[];
}

interface OptionalProto {
  readonly elemType: number;
  readonly tensorValue?: TensorProto;
  readonly sequenceValue?: SequenceProto;
}

const ofSequence = ({ tensorValues, sequenceValues }: SequenceProto): Datum =>
  sequenceValues.length > 0
    ? sequenceValues.map(ofSequence)
    : tensorValues.map((one) => arrayOf('test', one));

/** The tensor of a file. */
export const readTensor = (path: string): Numbers =>
  arrayOf('test', codec.decodeTensor(readFileSync(path), path));

/** A message of a type, whole numbers of 64 bits as numbers. */
function decoded<T>(name: string, bytes: Uint8Array): T {
  const type = root.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as T;
}

/** A file of data, of the type that the model says. */
function datum(bytes: Uint8Array, type: TypeProto | null | undefined, path: string): Datum {
  if (type?.optionalType) {
    const { tensorValue, sequenceValue } = decoded<OptionalProto>('data.OptionalProto', bytes);
    if (tensorValue) return arrayOf('test', tensorValue);
    return sequenceValue ? ofSequence(sequenceValue) : undefined;
  }
  if (type?.sequenceType) return ofSequence(decoded<SequenceProto>('data.SequenceProto', bytes));
  const tensor = codec.decodeTensor(bytes, path);
  const array = arrayOf('test', tensor);
  const raw = tensor.rawData ?? new Uint8Array(0);
  return { ...array, ...((raw.length > 0 || array.data.length === 0) && { raw }) };
}

function opsOf(model: ModelProto): string[] {
  const found = new Set<string>();
  const waiting = [...(model.graph?.node ?? []), ...(model.functions ?? []).flatMap(({ node }) => node)];
  const functions = new Set((model.functions ?? []).map(({ domain, name }) => `${domain ?? ''}:${name}`));
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const domain = node.domain === 'ai.onnx' ? '' : (node.domain ?? '');
    if (!functions.has(`${domain}:${node.opType}`))
      found.add(domain === '' ? node.opType : `${domain}.${node.opType}`);
    for (const { g } of node.attribute ?? []) if (g) waiting.push(...g.node);
  }
  return [...found];
}

/** The bytes of one set of data: what goes in and what has to come out. */
export interface Files {
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** A test of its files. @throws Where they have types that no engine here knows (complex numbers). */
export function makeCase(name: string, bytes: Uint8Array, files: readonly Files[]): Case {
  const model = codec.decode(bytes, name);
  const { graph } = model;
  const list = (data: readonly Uint8Array[], kind: 'input' | 'output') =>
    data.map((one, i) => datum(one, graph?.[kind][i]?.type, name));
  const sets = files.map(({ inputs, outputs }) => ({
    inputs: list(inputs, 'input'),
    outputs: list(outputs, 'output'),
  }));
  return { name, bytes, model, ops: opsOf(model), sets };
}

/** Reads a test of a folder; undefined where there is none. @throws As {@link makeCase}. */
export function readCase(folder: string, name: string): Case | undefined {
  const at = join(folder, name);
  const file = join(at, 'model.onnx');
  if (!existsSync(file)) return undefined;
  const list = (set: string, kind: 'input' | 'output') =>
    readdirSync(join(at, set))
      .filter((one) => one.startsWith(`${kind}_`))
      .sort((a, b) => Number(/\d+/.exec(a)?.[0]) - Number(/\d+/.exec(b)?.[0]))
      .map((one) => readFileSync(join(at, set, one)));
  const sets = readdirSync(at).filter((one) => one.startsWith('test_data_set'));
  return makeCase(
    name,
    readFileSync(file),
    sets.map((set) => ({ inputs: list(set, 'input'), outputs: list(set, 'output') })),
  );
}

/** What is not as it should be, within onnx's own tolerances (relative 1e-3, absolute 1e-7). */
export function difference(wanted: Datum, given: Datum, where = 'output'): string | undefined {
  if (wanted === undefined || given === undefined)
    return wanted === given ? undefined : `${where}: ${wanted === undefined ? 'something' : 'nothing'}`;
  if (isList(wanted) || isList(given)) {
    if (!isList(wanted) || !isList(given) || wanted.length !== given.length) return `${where}: another list`;
    for (const [i, item] of wanted.entries()) {
      const found = difference(item, given[i], `${where}[${i}]`);
      if (found) return found;
    }
    return undefined;
  }
  if (wanted.shape.join() !== given.shape.join())
    return `${where}: shape [${given.shape.join()}] for [${wanted.shape.join()}]`;
  if (wanted.type !== given.type) return `${where}: ${given.type} for ${wanted.type}`;
  for (let i = 0; i < wanted.data.length; i++) {
    const [a, b] = [wanted.data[i], given.data[i]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (typeof a !== 'number' || typeof b !== 'number') return `${where}[${i}]: ${b} for ${a}`;
    if (!(Math.abs(a - b) <= 1e-7 + 1e-3 * Math.abs(a))) return `${where}[${i}]: ${b} for ${a}`;
  }
  return undefined;
}

const isList = (value: Datum): value is readonly Datum[] => Array.isArray(value);

/** The type of a value by its number in files. */
export const typeName = (code: number): string => typeOfCode(code) ?? String(code);

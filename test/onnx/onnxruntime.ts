// Runs a test through onnxruntime-node, the peer.
import { halfToFloat } from '../../lib/base/half.js';
import type { Tensor } from '../../lib/index.js';
import { type Case, type Datum, type Numbers, difference, typeName } from './cases.js';

interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string>;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor | readonly OrtTensor[]>>;
  release(): Promise<void>;
}

interface Ort {
  readonly InferenceSession: { create(model: Uint8Array | string, options: object): Promise<Session> };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
}

// Not by a literal: it is installed for this test alone.
const PEER: string = 'onnxruntime-node';
const ort = (await import(PEER)) as Ort;

type Maker = (buffer: ArrayBuffer) => ArrayBufferView;
const KINDS: Readonly<Record<string, readonly [name: string, make: Maker]>> = {
  FLOAT: ['float32', (buffer) => new Float32Array(buffer)],
  DOUBLE: ['float64', (buffer) => new Float64Array(buffer)],
  FLOAT16: ['float16', (buffer) => new Uint16Array(buffer)],
  INT8: ['int8', (buffer) => new Int8Array(buffer)],
  UINT8: ['uint8', (buffer) => new Uint8Array(buffer)],
  INT16: ['int16', (buffer) => new Int16Array(buffer)],
  UINT16: ['uint16', (buffer) => new Uint16Array(buffer)],
  INT32: ['int32', (buffer) => new Int32Array(buffer)],
  UINT32: ['uint32', (buffer) => new Uint32Array(buffer)],
  INT64: ['int64', (buffer) => new BigInt64Array(buffer)],
  UINT64: ['uint64', (buffer) => new BigUint64Array(buffer)],
  BOOL: ['bool', (buffer) => new Uint8Array(buffer)],
};

/** Why a test fails; undefined: it passes. */
export async function failureOfOnnxruntime({ bytes, model, sets }: Case): Promise<string | undefined> {
  // It ends the process where an output has a type that its interface does not have.
  const strange = (model.graph?.output ?? []).find(
    ({ type }) =>
      type?.tensorType && !KINDS[typeName(type.tensorType.elemType)] && type.tensorType.elemType !== 8,
  );
  if (strange) return `${strange.name}: its type is not in the interface`;
  let session: Session | undefined;
  try {
    session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
    for (const { inputs, outputs } of sets) {
      const feeds: Record<string, OrtTensor> = {};
      for (const [i, one] of inputs.entries()) {
        const name = model.graph?.input[i]?.name ?? '';
        if (one !== undefined) feeds[name] = tensorOf(one);
      }
      const made = await session.run(feeds);
      for (const [i, wanted] of outputs.entries()) {
        const info = model.graph?.output[i];
        const name = info?.name ?? '';
        const given = made[name];
        const found = difference(
          wanted,
          given && datumOf(given, info?.type?.tensorType?.elemType ?? 0),
          name,
        );
        if (found) return found;
      }
    }
    return undefined;
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  } finally {
    await session?.release();
  }
}

/** What a file gives for tensors, in the order of its inputs and outputs. */
export async function runFile(path: string, x: readonly Tensor[]): Promise<readonly OrtTensor[]> {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  try {
    const feeds: Record<string, OrtTensor> = {};
    for (const [i, one] of x.entries())
      feeds[session.inputNames[i] ?? ''] = new ort.Tensor(one.dtype, await one.data(), one.shape);
    const made = await session.run(feeds);
    return session.outputNames.map((name) => made[name] as OrtTensor);
  } finally {
    await session.release();
  }
}

function tensorOf(given: Datum): OrtTensor {
  if (given === undefined || Array.isArray(given)) throw new Error('lists are not in its interface');
  const { type, shape, data, raw } = given as Numbers;
  if (type === 'STRING') return new ort.Tensor('string', data, shape);
  const kind = KINDS[type];
  if (!kind || !raw) throw new Error(`${type} is not in its interface`);
  return new ort.Tensor(kind[0], kind[1](new Uint8Array(raw).buffer), shape);
}

function datumOf(given: OrtTensor | readonly OrtTensor[], code: number): Datum {
  if (Array.isArray(given)) return (given as readonly OrtTensor[]).map((one) => datumOf(one, code));
  const { type, dims, data } = given as OrtTensor;
  if (type === 'string') return { type: 'STRING', shape: dims, data: Array.from(data, String) };
  const numbers = Array.from(data, (one) =>
    type === 'float16' && data instanceof Uint16Array ? halfToFloat(Number(one)) : Number(one),
  );
  return { type: typeName(code), shape: dims, data: numbers };
}

import { mismatch } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import { shapeText } from '../base/errors.js';
import type { EntryProto, SparseTensorProto, TensorProto } from './messages.js';
import { FORMATS, type NumberType, type OnnxType, isNumberType, typeCode, typeOfCode } from './dtypes.js';

/** The numbers of a tensor in a file, row-major, whole ones of 64 bits as the nearest float64. */
export interface OnnxArray {
  readonly type: NumberType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

/** The texts of a tensor in a file. */
export interface OnnxTexts {
  readonly type: 'STRING';
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

/** Gives the bytes of a tensor that are in another file; see `externalData`. */
export type ReadExternal = (entries: readonly EntryProto[], bytes: number) => Uint8Array;

const noFile: ReadExternal = () => {
  throw mismatch('importOnnx', 'tensors within the file', 'one in another file', 'IO');
};

/** The most axes that a tensor may have. */
const MOST_AXES = 64;

const broken = (who: string, tensor: TensorProto, what: string, received: string) =>
  mismatch(who, `${what} in the tensor '${tensor.name ?? ''}'`, received, 'IO');

/**
 * The numbers, or texts, of a tensor. What the file says of sizes is compared with the bytes that there are before memory is taken.
 *
 * @param external Reads what is in other files. Default: there are none.
 * @throws EngineError `IO` for sizes that do not fit, `DTYPE` for types that are not known or complex.
 */
export function arrayOf(
  who: string,
  tensor: TensorProto,
  external: ReadExternal = noFile,
): OnnxArray | OnnxTexts {
  const type = typeOfCode(tensor.dataType);
  const shape = [...tensor.dims];
  if (shape.length > MOST_AXES || shape.some((n) => !Number.isSafeInteger(n) || n < 0))
    throw broken(who, tensor, `a shape of up to ${MOST_AXES} axes`, shapeText(shape.slice(0, MOST_AXES)));
  const size = sizeOf(shape);
  if (type === 'STRING') {
    const texts = tensor.stringData ?? [];
    if (texts.length !== size) throw broken(who, tensor, `${size} texts`, String(texts.length));
    const decoder = new TextDecoder();
    return { type, shape, data: texts.map((bytes) => decoder.decode(bytes)) };
  }
  if (!isNumberType(type))
    throw mismatch(
      who,
      `real numbers or texts in the tensor '${tensor.name ?? ''}'`,
      `the type ${type ?? tensor.dataType}`,
      'DTYPE',
    );
  const { bits } = FORMATS[type];
  const bytes = Math.ceil((size * bits) / 8);
  if (!Number.isSafeInteger(bytes)) throw broken(who, tensor, 'a size', shapeText(shape));
  const inOther = tensor.dataLocation === 1;
  const raw = inOther ? external(tensor.externalData ?? [], bytes) : tensor.rawData;
  if (raw && (raw.length > 0 || inOther)) {
    if (raw.length !== bytes) throw broken(who, tensor, `${bytes} bytes of ${type}`, String(raw.length));
    return { type, shape, data: fromRaw(type, raw, size) };
  }
  return { type, shape, data: fromFields(who, tensor, type, size) };
}

function fromRaw(type: NumberType, raw: Uint8Array, size: number): OnnxArray['data'] {
  const { bits, decode } = FORMATS[type];
  const { buffer } = new Uint8Array(raw); // a copy, in which numbers begin where their kind has to
  switch (type) {
    case 'FLOAT':
      return new Float32Array(buffer);
    case 'DOUBLE':
      return new Float64Array(buffer);
    case 'INT32':
      return new Int32Array(buffer);
    case 'UINT32':
      return Float64Array.from(new Uint32Array(buffer));
    case 'INT64':
      return wide(new BigInt64Array(buffer));
    case 'UINT64':
      return wide(new BigUint64Array(buffer));
    case 'INT16':
      return Int32Array.from(new Int16Array(buffer));
    case 'UINT16':
      return Int32Array.from(new Uint16Array(buffer));
    case 'INT8':
      return Int32Array.from(new Int8Array(buffer));
    case 'UINT8':
      return new Uint8Array(buffer);
    case 'BOOL':
      return new Uint8Array(buffer).map((n) => Number(n !== 0));
    default:
  }
  const codes = bits === 16 ? new Uint16Array(buffer) : unpacked(new Uint8Array(buffer), bits, size);
  const meaning = decode ?? Number;
  return FORMATS[type].dtype === 'float32'
    ? Float32Array.from(codes, meaning)
    : Int32Array.from(codes, meaning);
}

const wide = (values: BigInt64Array | BigUint64Array): Float64Array => {
  const made = new Float64Array(values.length);
  values.forEach((value: bigint, i: number) => (made[i] = Number(value)));
  return made;
};

/** Codes of fewer than 8 bits, which stand in a byte from its lowest bits on. */
function unpacked(bytes: Uint8Array, bits: number, size: number): Uint8Array {
  if (bits === 8) return bytes;
  const each = 8 / bits;
  return Uint8Array.from(
    { length: size },
    (_, i) => ((bytes[Math.floor(i / each)] ?? 0) >> (bits * (i % each))) & (2 ** bits - 1),
  );
}

function fromFields(who: string, tensor: TensorProto, type: NumberType, size: number): OnnxArray['data'] {
  const { bits, dtype, decode } = FORMATS[type];
  const given = fieldOf(tensor, type) ?? [];
  const wanted = bits < 8 ? Math.ceil((size * bits) / 8) : size;
  if (given.length !== wanted)
    throw broken(who, tensor, `${wanted} numbers of ${type}`, String(given.length));
  if (type === 'FLOAT') return Float32Array.from(given);
  if (['DOUBLE', 'INT64', 'UINT64', 'UINT32'].includes(type)) return Float64Array.from(given);
  const codes = bits < 8 ? unpacked(Uint8Array.from(given), bits, size) : given;
  const numbers = decode ? Array.from(codes, (n) => decode(n & 0xffff)) : Array.from(codes);
  if (dtype === 'bool') return Uint8Array.from(numbers, (n) => Number(n !== 0));
  return dtype === 'float32' ? Float32Array.from(numbers) : Int32Array.from(numbers);
}

function fieldOf(tensor: TensorProto, type: NumberType): readonly number[] | undefined {
  if (type === 'FLOAT') return tensor.floatData;
  if (type === 'DOUBLE') return tensor.doubleData;
  if (type === 'INT64') return tensor.int64Data;
  return type === 'UINT64' || type === 'UINT32' ? tensor.uint64Data : tensor.int32Data;
}

/** The most numbers of a tensor that a file has as zeros with exceptions. */
const MOST_SPARSE = 1e8;

/** A tensor that a file has as zeros with exceptions, in full. @throws EngineError `IO`, `DTYPE` as {@link arrayOf}. */
export function denseArrayOf(who: string, sparse: SparseTensorProto, external?: ReadExternal): OnnxArray {
  const { values, indices } = sparse;
  if (!values || !indices) throw mismatch(who, 'a sparse tensor with values', 'one without', 'IO');
  const shape = [...sparse.dims];
  const size = sizeOf(shape);
  const [given, places] = [arrayOf(who, values, external), arrayOf(who, indices, external)];
  if (given.type === 'STRING' || places.type === 'STRING' || !(size >= 0 && size <= MOST_SPARSE))
    throw broken(who, values, `up to ${MOST_SPARSE} numbers`, shapeText(shape));
  const data = given.data.slice(0, 0);
  const made = new (data.constructor as Float32ArrayConstructor)(size) as OnnxArray['data'];
  const axes = places.shape.length === 2 ? shape.length : 1;
  if (places.data.length !== given.data.length * axes)
    throw broken(who, indices, `${given.data.length * axes} indices`, String(places.data.length));
  given.data.forEach((value: number, i: number) => {
    let at = 0;
    for (let axis = 0; axis < axes; axis++)
      at = at * (axes === 1 ? 1 : (shape[axis] ?? 1)) + (places.data[i * axes + axis] ?? 0);
    if (!(at >= 0 && at < size)) throw broken(who, indices, `indices below ${size}`, String(at));
    made[at] = value;
  });
  return { type: given.type, shape, data: made };
}

/** Types that {@link tensorProto} writes, as a typed array of their own kind. */
type WrittenType = Extract<OnnxType, 'FLOAT' | 'INT32' | 'INT64' | 'UINT8' | 'BOOL'>;

/** A tensor for a file. */
export function tensorProto(
  name: string,
  type: WrittenType,
  shape: readonly number[],
  numbers: ArrayLike<number>,
): TensorProto {
  const data = typedArray(type, numbers);
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: shape, dataType: typeCode(type), rawData };
}

function typedArray(type: WrittenType, numbers: ArrayLike<number>) {
  if (type === 'FLOAT') return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  if (type === 'INT32') return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
  if (type === 'INT64') return BigInt64Array.from(Array.from(numbers), (n) => BigInt(n));
  return numbers instanceof Uint8Array ? numbers : Uint8Array.from(numbers);
}

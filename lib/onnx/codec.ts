import { mismatch } from '../base/checks.js';
import { loadPeer } from '../base/peer.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import type { ModelProto, TensorProto } from './messages.js';
import { ONNX_SCHEMA } from './schema.js';

/** Reads and writes the messages of ONNX's files. */
export interface OnnxCodec {
  /**
   * The model in some bytes; its fields are views of them where they are bytes.
   *
   * @param path What the bytes are, for messages.
   * @throws EngineError `IO` for bytes that are no model.
   */
  decode(bytes: Uint8Array, path: string): ModelProto;
  /** As {@link decode}, for a tensor alone, as the files of ONNX's tests have it. */
  decodeTensor(bytes: Uint8Array, path: string): TensorProto;
  /** The bytes of a model. @throws EngineError `IO` where they are more than a message can have: 2 GiB. */
  encode(model: ModelProto): Uint8Array;
}

/** Of protobufjs what is used here. */
interface Protobuf {
  readonly Root: { fromJSON(schema: object): { lookupType(name: string): MessageType } };
  readonly Reader: { create(bytes: Uint8Array): Reader };
}

interface MessageType {
  decode(reader: Reader): unknown;
  encode(message: object): { finish(): Uint8Array };
}

type Long = number | { toNumber(): number };

interface Reader {
  readonly buf: Uint8Array;
  pos: number;
  discardUnknown: boolean;
  tag(): number;
  uint32(): number;
  int64(): Long;
  uint64(): Long;
  int32s(list?: number[]): number[];
  int64s(list?: number[]): number[];
  uint64s(list?: number[]): number[];
}

/** What a field becomes takes up to 250 bytes: so many fields fit into 100 MB and ten times the file's size. */
const fieldsWithin = (bytes: number): number => 250_000 + bytes / 25;
/** Numbers in one field that are packed byte by byte take 8 bytes and more each. Longer ones belong into raw_data. */
const LONGEST_PACKED = 1 << 24;
/** The longest message of protocol buffers. */
const LONGEST_MESSAGE = 2 ** 31 - 1;

/** A reader that makes numbers of whole numbers of 64 bits and counts fields, so that a small file cannot fill the memory. */
function boundedReader(library: Protobuf, bytes: Uint8Array): Reader {
  // Of a Buffer the package's faster reader is made.
  const reader = library.Reader.create(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  // Fields of newer versions.
  reader.discardUnknown = true;
  const base = Object.getPrototypeOf(reader) as Reader;
  const asNumber = (value: Long) => (typeof value === 'number' ? value : value.toNumber());
  reader.int64 = () => asNumber(base.int64.call(reader));
  reader.uint64 = () => asNumber(base.uint64.call(reader));
  let left = fieldsWithin(bytes.length);
  reader.tag = () => {
    if (left-- <= 0) throw new RangeError(`more than ${fieldsWithin(bytes.length)} fields`);
    return base.tag.call(reader);
  };
  for (const kind of ['int32s', 'int64s', 'uint64s'] as const)
    reader[kind] = (list) => {
      const from = reader.pos;
      if (reader.uint32() > LONGEST_PACKED)
        throw new RangeError(`more than ${LONGEST_PACKED} bytes of packed numbers`);
      reader.pos = from;
      return base[kind].call(reader, list);
    };
  return reader;
}

/** The package and its types for models and tensors. */
interface Loaded {
  readonly library: Protobuf;
  readonly model: MessageType;
  readonly tensor: MessageType;
}

let loaded: Loaded | undefined;

async function load(who: string): Promise<Loaded> {
  const { default: library } = (await loadPeer(who, 'protobufjs', 'protobufjs/light.js')) as {
    default: Protobuf;
  };
  const root = library.Root.fromJSON(ONNX_SCHEMA);
  return {
    library,
    model: root.lookupType('onnx.ModelProto'),
    tensor: root.lookupType('onnx.TensorProto'),
  };
}

/**
 * What reads and writes ONNX's messages, by the package protobufjs.
 *
 * @param who What needs it, for messages.
 * @throws EngineError `STATE` where that is not installed.
 */
export async function onnxCodec(who: string): Promise<OnnxCodec> {
  const { library, model, tensor } = (loaded ??= await load(who));
  const read = (type: MessageType, bytes: Uint8Array, path: string, what: string) => {
    try {
      return type.decode(boundedReader(library, bytes));
    } catch (cause) {
      throw fileError(who, path, what, reasonOf(cause), cause);
    }
  };
  return {
    decode: (bytes, path) => {
      const decoded = read(model, bytes, path, 'a model of ONNX') as ModelProto;
      if (!decoded.graph) throw fileError(who, path, 'a model of ONNX', 'one without a graph');
      return decoded;
    },
    decodeTensor: (bytes, path) => read(tensor, bytes, path, 'a tensor of ONNX') as TensorProto,
    encode: (message) => {
      const bytes = model.encode(message).finish();
      if (bytes.length <= LONGEST_MESSAGE) return bytes;
      throw mismatch(who, 'a model of 2 GiB at most', `${bytes.length} bytes`, 'IO');
    },
  };
}

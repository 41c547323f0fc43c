// The messages of ONNX's files as far as they are used here; onnx.proto of the ONNX project says what their fields mean. Fields that a
// file leaves out are empty, 0 or null.

/** A list of names and texts. */
export interface EntryProto {
  readonly key: string;
  readonly value: string;
}

/** A tensor's numbers, in one of several fields. */
export interface TensorProto {
  readonly name?: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly doubleData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly number[];
  readonly uint64Data?: readonly number[];
  readonly stringData?: readonly Uint8Array[];
  readonly externalData?: readonly EntryProto[];
  /** 1: in another file. */
  readonly dataLocation?: number;
}

/** A tensor that is 0 but for some places. */
export interface SparseTensorProto {
  readonly values: TensorProto | null;
  readonly indices: TensorProto | null;
  readonly dims: readonly number[];
}

/** What a node is told besides its inputs. */
export interface AttributeProto {
  readonly name: string;
  /** Within a function: the name of the function's attribute that is meant. */
  readonly refAttrName?: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto | null;
  readonly g?: GraphProto | null;
  readonly sparseTensor?: SparseTensorProto | null;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
}

/** One call of an op, or of a function of the model. */
export interface NodeProto {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly overload?: string;
  /** Names of values; '' is an input that is left out. */
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly AttributeProto[];
}

/** A size, known (`dimValue`) or with a name (`dimParam`). */
export interface DimensionProto {
  readonly value?: 'dimValue' | 'dimParam';
  readonly dimValue?: number;
  readonly dimParam?: string;
}

/** The type of a value. */
export interface TypeProto {
  readonly tensorType?: {
    readonly elemType: number;
    readonly shape?: { readonly dim: readonly DimensionProto[] } | null;
  } | null;
  readonly sequenceType?: object | null;
  readonly optionalType?: object | null;
  readonly mapType?: object | null;
  readonly sparseTensorType?: object | null;
}

/** A value with its type. */
export interface ValueInfoProto {
  readonly name: string;
  readonly type?: TypeProto | null;
}

/** Nodes in an order in which each comes after those that it reads. */
export interface GraphProto {
  readonly name?: string;
  readonly node: readonly NodeProto[];
  readonly initializer?: readonly TensorProto[];
  readonly sparseInitializer?: readonly SparseTensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
}

/** A version of a set of ops. */
export interface OperatorSetProto {
  /** '' or 'ai.onnx' is ONNX's own set. */
  readonly domain?: string;
  readonly version: number;
}

/** A function of a model, which nodes call as an op. */
export interface FunctionProto {
  readonly name: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly string[];
  /** Attributes with defaults. */
  readonly attributeProto?: readonly AttributeProto[];
  readonly node: readonly NodeProto[];
  readonly opsetImport?: readonly OperatorSetProto[];
}

/** What a file holds. */
export interface ModelProto {
  readonly irVersion: number;
  readonly opsetImport: readonly OperatorSetProto[];
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly docString?: string;
  readonly graph: GraphProto | null;
  readonly functions?: readonly FunctionProto[];
  readonly metadataProps?: readonly EntryProto[];
}

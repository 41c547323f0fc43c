import { checkEach, expected, oneOf } from '../../base/checks.js';
import { fileError } from '../../base/wholeFile.js';
import { EngineError, describe } from '../../base/errors.js';
import { itemAt, sizeOf } from '../../base/list.js';
import { NDArray } from '../../core/ndarray.js';
import { type NumericArray, read } from '../../core/tensor.js';

/** The values of a column: numbers with the rows first, or text. */
export type Column = NDArray | readonly string[];

/** Which columns of a table make an element, and how. */
export interface TableForm {
  readonly columns: readonly string[] | undefined;
  readonly label: string | undefined;
  readonly features: 'record' | 'array';
}

/** Reads which columns make an element. */
export function tableForm(who: string, options: Partial<TableForm>): TableForm {
  const { columns, label, features = 'record' } = options;
  if (columns !== undefined)
    checkEach(who, 'a list of strings as columns', columns, (item) => typeof item === 'string');
  return { columns, label, features: oneOf(who, 'features', features, ['record', 'array']) };
}

/** The names of columns that are read: the features, then the label. @throws EngineError `ARGUMENT` for one that is not there. */
export function columnsRead(
  who: string,
  file: string,
  names: readonly string[],
  { columns, label }: TableForm,
): { features: readonly string[]; all: readonly string[] } {
  const features = columns ?? names.filter((name) => name !== label);
  const all = label === undefined ? features : [...features, label];
  const known = new Set(names);
  const other = all.find((name) => !known.has(name));
  if (other !== undefined)
    throw new EngineError(
      'ARGUMENT',
      `[${who}] ${file}: expected columns ${names.join(', ')}, received '${other}'`,
    );
  return { features, all };
}

/** Columns of some rows as elements have them: features, or [features, label]. */
export function elementsOf(
  who: string,
  file: string,
  features: Readonly<Record<string, Column>>,
  label: Column | undefined,
  form: TableForm['features'],
): unknown {
  const made = form === 'array' ? matrixOf(who, file, features) : features;
  return label === undefined ? made : [made, label];
}

/** Columns of numbers as the rows of one array, float32. */
function matrixOf(who: string, file: string, columns: Readonly<Record<string, Column>>): NDArray {
  const arrays = Object.entries(columns).map(([name, column]) => {
    if (column instanceof NDArray) return column;
    throw new EngineError(
      'ARGUMENT',
      `[${who}] ${file}: expected columns of numbers for an array, received text in '${name}'`,
    );
  });
  const rows = itemAt(arrays, 0).length;
  const widths = arrays.map(({ shape }) => sizeOf(shape.slice(1)));
  const width = widths.reduce((sum, n) => sum + n, 0);
  const all = new Float32Array(rows * width);
  let column = 0;
  arrays.forEach(({ data }, i) => {
    const own = itemAt(widths, i);
    // Most columns are of one number a row.
    if (own === 1) for (let row = 0, to = column; row < rows; row++, to += width) all[to] = data[row]!;
    else
      for (let row = 0, from = 0; row < rows; row++)
        for (let c = 0; c < own; c++) all[row * width + column + c] = data[from++]!;
    column += own;
  });
  return new NDArray(all, [rows, width]);
}

/**
 * Values that a library has read, as a column.
 *
 * @param place What errors name: the file and the column.
 * @returns Text as it is; numbers as float32, int32, uint8 or bool; null among floats as NaN; lists of one length as rows.
 * @throws EngineError `IO` for other values, integers that 32 bits do not hold, and missing integers or text.
 */
export function columnOf(who: string, place: string, values: unknown, shape?: readonly number[]): Column {
  if (ArrayBuffer.isView(values)) {
    const numbers = smallNumbers(who, place, values as NumericArray | BigInt64Array | Uint32Array);
    const { data, dtype } = read(numbers);
    return new NDArray(typedOf(dtype, data), shape ?? [data.length], dtype);
  }
  const list = values as readonly unknown[];
  const first = list.find((value) => value !== null && value !== undefined);
  const refuse = (value: unknown) =>
    fileError(who, place, `values as the first one (${describe(first)})`, describe(value));
  if (typeof first === 'number' || first === undefined) {
    // Lists of many numbers: without a function for each of them.
    const numbers = new Float32Array(list.length);
    for (let i = 0; i < numbers.length; i++) {
      const value = list[i] ?? NaN;
      if (typeof value !== 'number') throw refuse(value);
      numbers[i] = value;
    }
    return new NDArray(numbers, shape ?? [list.length]);
  }
  const other = list.findIndex((value) => typeof value !== typeof first);
  if (other >= 0) throw refuse(list[other]);
  if (typeof first === 'string') return list as readonly string[];
  if (typeof first === 'boolean')
    return new NDArray(Uint8Array.from(list, Number), shape ?? [list.length], 'bool');
  if (typeof first === 'bigint') return columnOf(who, place, BigInt64Array.from(list as bigint[]), shape);
  if (typeof first !== 'object' || first === null) throw refuse(first);
  const rows = list.map((row) =>
    columnOf(
      who,
      place,
      ArrayBuffer.isView(row) || Array.isArray(row) ? row : [...(row as Iterable<unknown>)],
    ),
  );
  const arrays = rows.map((row) => {
    if (row instanceof NDArray) return row;
    throw refuse(row);
  });
  const inner = itemAt(arrays, 0);
  const differs = arrays.findIndex(({ length, dtype }) => length !== inner.length || dtype !== inner.dtype);
  if (differs >= 0)
    throw fileError(
      who,
      place,
      `lists of ${inner.length} ${inner.dtype}`,
      `${itemAt(arrays, differs).length} in row ${differs + 1}`,
    );
  const size = inner.data.length;
  const all = new TYPED[inner.dtype](size * arrays.length);
  arrays.forEach(({ data }, i) => {
    all.set(data, i * size);
  });
  return new NDArray(all, [arrays.length, ...inner.shape], inner.dtype);
}

/** The arrays that hold numbers of a dtype. */
const TYPED = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array, bool: Uint8Array } as const;

function typedOf(dtype: NDArray['dtype'], data: ArrayLike<number>) {
  const Typed = TYPED[dtype];
  return data instanceof Typed ? data : new Typed(data);
}

/** Integers of 64 bits, and unsigned ones of 32, as int32. */
function smallNumbers(
  who: string,
  place: string,
  values: NumericArray | BigInt64Array | BigUint64Array | Uint32Array,
): NumericArray {
  const isWide =
    values instanceof BigInt64Array || values instanceof BigUint64Array || values instanceof Uint32Array;
  if (!isWide) return values;
  const numbers = new Int32Array(values.length);
  for (let i = 0; i < numbers.length; i++) {
    const value = Number(values[i]);
    if ((value | 0) !== value) throw expected(who, `integers of 32 bits at ${place}`, value, 'IO');
    numbers[i] = value;
  }
  return numbers;
}

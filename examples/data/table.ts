/** Rows of measurements with a class each. */
export interface Table {
  /** Row-major, `shape[0]` rows of `shape[1]` columns. */
  features: Float32Array;
  /** The class of each row, an index into `names.classes`. */
  labels: Uint8Array;
  shape: [rows: number, columns: number];
  names: { columns: string[]; classes: string[] };
}

/** Makes a table of rows; each row's class is one of `classes`. */
export function tableOf(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  names: Table['names'],
): Table {
  return {
    features: Float32Array.from(rows.flat()),
    labels: Uint8Array.from(labels),
    shape: [rows.length, names.columns.length],
    names,
  };
}

/** Shifts and scales each column to mean 0 and standard deviation 1, as gradient descent likes it. */
export function standardize(table: Table): Table {
  const [rows, columns] = table.shape;
  const features = new Float32Array(table.features.length);
  for (let c = 0; c < columns; c++) {
    let sum = 0;
    let squares = 0;
    for (let r = 0; r < rows; r++) sum += table.features[r * columns + c]!;
    const mean = sum / rows;
    for (let r = 0; r < rows; r++) squares += (table.features[r * columns + c]! - mean) ** 2;
    const deviation = Math.sqrt(squares / rows) || 1;
    for (let r = 0; r < rows; r++)
      features[r * columns + c] = (table.features[r * columns + c]! - mean) / deviation;
  }
  return { ...table, features };
}

/** Keeps the rows of the given classes (numbered anew from 0) and the given columns, by name. */
export function select(table: Table, keep: { classes?: string[]; columns?: string[] }): Table {
  const classes = keep.classes ?? table.names.classes;
  const columns = keep.columns ?? table.names.columns;
  const wanted = columns.map((name) => indexIn(table.names.columns, name));
  const renumbered = new Map(classes.map((name, i) => [indexIn(table.names.classes, name), i]));
  const rows: number[][] = [];
  const labels: number[] = [];
  table.labels.forEach((label, r) => {
    const kept = renumbered.get(label);
    if (kept === undefined) return;
    rows.push(wanted.map((c) => table.features[r * table.shape[1] + c]!));
    labels.push(kept);
  });
  return tableOf(rows, labels, { columns, classes });
}

/** Deals every `nth` row out to test with; the rows should be in no order that `nth` could meet. */
export function split(table: Table, nth: number): { train: Table; test: Table } {
  const part = (chosen: (row: number) => boolean): Table => {
    const rows = Array.from(table.labels.keys()).filter(chosen);
    const [, columns] = table.shape;
    return tableOf(
      rows.map((r) => Array.from(table.features.subarray(r * columns, (r + 1) * columns))),
      rows.map((r) => table.labels[r]!),
      table.names,
    );
  };
  return { train: part((r) => r % nth !== 0), test: part((r) => r % nth === 0) };
}

function indexIn(names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  if (index < 0) throw new Error(`expected one of ${names.join(', ')}, received ${name}`);
  return index;
}

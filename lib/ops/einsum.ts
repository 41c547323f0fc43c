import { expected, mismatch, wrongShape } from '../base/checks.js';
import { firstOf, itemAt, mapTuple, sizeOf } from '../base/list.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { equal, multiply, where } from './binary.js';
import { matmul } from './matmul.js';
import { sum } from './reduce.js';
import { positions } from './positions.js';
import { type Size, resized } from './resized.js';
import { expandDims, transpose } from './shape.js';
import { cast } from './unary.js';

/** What is left to compute: a value and the label of each of its axes. Labels of an ellipsis are numbers, from the last axis on. */
interface Labelled {
  readonly value: Operand;
  readonly labels: readonly string[];
}

/**
 * Einstein's sum: products of operands, summed over the labels that the result does not have. Written with matrix products, of two operands at
 * a time from the left. https://keras.io/api/ops/numpy/#einsum-function
 *
 * @param subscripts A letter for each axis of each operand, commas between operands, after `->` those of the result; without it, the result
 *   has the letters that occur once, in the order of the alphabet. `...` stands for any number of axes, which broadcast. A letter that an
 *   operand has twice means its diagonal.
 * @param operands float32; whole numbers are cast to it where sums are made.
 * @throws EngineError `ARGUMENT` for other subscripts; `SHAPE` where they do not fit the operands, or a letter has two sizes.
 * @example ops.einsum('btd,df->btf', ones([2, 4, 3]), ones([3, 5])); // [2, 4, 5]: a product over the last axis
 */
export const einsum = op(
  'einsum',
  <T extends Operand>(subscripts: string, ...operands: readonly T[]): Outcome<T> => {
    const { inputs, output } = parsed(subscripts, operands);
    const terms = operands.map((value, i) => withoutRepeats({ value, labels: itemAt(inputs, i) }));
    const needed = (from: number) =>
      new Set([...output, ...terms.slice(from).flatMap(({ labels }) => labels)]);
    let result = firstOf(terms);
    for (let i = 1; i < terms.length; i++) result = product(result, itemAt(terms, i), needed(i + 1));
    const { value } = inOrder(
      summed(result, (label) => output.includes(label)),
      output,
    );
    // An operand is no result: it may be an array, and is not to be disposed here.
    const isOwn = !(operands as readonly Operand[]).includes(value);
    return (isOwn ? value : transpose(value, [...output.keys()])) as Outcome<T>;
  },
);

const SUBSCRIPTS = "subscripts such as 'ij,jk->ik'";

/** The labels of each operand and of the result. */
function parsed(subscripts: unknown, operands: readonly Operand[]): { inputs: string[][]; output: string[] } {
  if (typeof subscripts !== 'string') throw expected('einsum', SUBSCRIPTS, subscripts);
  const text = subscripts.replace(/\s/g, '');
  const [, left, right] = /^((?:[a-zA-Z.,])*)(?:->([a-zA-Z.]*))?$/.exec(text) ?? [];
  const parts = left?.split(',') ?? [];
  const wellFormed = [...parts, right ?? ''].every((part) => /^[a-zA-Z]*(\.\.\.)?[a-zA-Z]*$/.test(part));
  if (left === undefined || !wellFormed) throw expected('einsum', SUBSCRIPTS, subscripts);
  if (parts.length !== operands.length)
    throw expected(
      'einsum',
      `an operand for each of the ${parts.length} parts of '${text}'`,
      operands.length,
    );
  const inputs = parts.map((part, i) => labelsOf(part, typeOf(itemAt(operands, i)).shape));
  const ellipsis = Math.max(...inputs.map((labels) => labels.filter(isOfEllipsis).length));
  const all = inputs.flat();
  const output =
    right === undefined
      ? [
          ...ellipsisOf(ellipsis),
          ...[...new Set(all.filter((label) => !isOfEllipsis(label)))]
            .filter((label) => all.indexOf(label) === all.lastIndexOf(label))
            .sort(),
        ]
      : spread(right, ellipsis);
  const wrong = output.find((label, i) => !all.includes(label) || output.indexOf(label) !== i);
  if (wrong !== undefined)
    throw expected('einsum', `letters of the operands after '->', each once, in '${text}'`, wrong);
  return { inputs, output };
}

const isOfEllipsis = (label: string): boolean => /\d/.test(label);
const ellipsisOf = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => String(count - 1 - i));
const spread = (part: string, ellipsis: number): string[] =>
  part
    .split(/(\.\.\.|[a-zA-Z])/)
    .flatMap((token) => (token === '...' ? ellipsisOf(ellipsis) : token === '' ? [] : [token]));

function labelsOf(part: string, shape: readonly number[]): string[] {
  const letters = part.replace('...', '').length;
  const rest = shape.length - letters;
  if (rest < 0 || (rest > 0 && letters === part.length))
    throw wrongShape('einsum', `an operand with the axes '${part}'`, shape);
  return spread(part, rest);
}

const sizesOf = ({ value }: Labelled): readonly number[] => typeOf(value).shape;
const sizeFor = (term: Labelled, label: string): number => itemAt(sizesOf(term), term.labels.indexOf(label));

/** The diagonal along axes of one label. */
function withoutRepeats(term: Labelled): Labelled {
  const { labels } = term;
  const again = labels.findIndex((label, i) => labels.indexOf(label) !== i);
  if (again < 0) return term;
  const first = labels.indexOf(itemAt(labels, again));
  const sizes = sizesOf(term);
  const [size, other] = [itemAt(sizes, first), itemAt(sizes, again)];
  if (size !== other && size >= 0 && other >= 0)
    throw wrongShape('einsum', `one size for both axes '${labels[again]}'`, sizes);
  const others = [...labels.keys()].filter((i) => i !== first && i !== again);
  const square = transpose(term.value, [...others, first, again]);
  const [rows, columns] = [expandDims(positions(term.value, first), 1), positions(term.value, again)];
  const diagonal = sum(where(equal(rows, columns), square, 0), { axis: -1 });
  return withoutRepeats({ value: diagonal, labels: [...others, first].map((i) => itemAt(labels, i)) });
}

/** The sum over the axes whose labels are not kept. */
function summed(term: Labelled, isKept: (label: string) => boolean): Labelled {
  const axis = [...term.labels.keys()].filter((i) => !isKept(itemAt(term.labels, i)));
  if (axis.length === 0) return term;
  return { value: sum(floats(term.value), { axis }), labels: term.labels.filter(isKept) };
}

const floats = (value: Operand): Operand =>
  typeOf(value).dtype === 'float32' ? value : cast(value, 'float32');

/** A term with its axes in the order of labels, which are all of its labels. */
function inOrder(term: Labelled, labels: readonly string[]): Labelled {
  if (labels.every((label, i) => label === term.labels[i])) return term;
  return {
    value: transpose(
      term.value,
      labels.map((label) => term.labels.indexOf(label)),
    ),
    labels,
  };
}

/** The axes in the order of labels, with axes of size 1 where it has none of them. */
function aligned(term: Labelled, labels: readonly string[]): Operand {
  const { value, labels: own } = inOrder(
    term,
    labels.filter((label) => term.labels.includes(label)),
  );
  if (own.length === labels.length) return value;
  return resized(
    value,
    labels.map((label) => (own.includes(label) ? { axis: own.indexOf(label) } : 1)),
  );
}

/** The product of two terms, summed over the labels that both have and nothing needs any more. */
function product(left: Labelled, right: Labelled, needed: ReadonlySet<string>): Labelled {
  checkSizes(left, right);
  // A label with one place on one side alone is no sum of products: each side sums for itself.
  const isShared = (label: string) =>
    left.labels.includes(label) &&
    right.labels.includes(label) &&
    (sizeFor(left, label) === 1) === (sizeFor(right, label) === 1);
  const isKept = (label: string) => needed.has(label) || isShared(label);
  const [a, b] = [summed(left, isKept), summed(right, isKept)];
  const batch = a.labels.filter((label) => b.labels.includes(label) && needed.has(label));
  const inner = a.labels.filter((label) => b.labels.includes(label) && !needed.has(label));
  const rows = a.labels.filter((label) => !b.labels.includes(label));
  const columns = b.labels.filter((label) => !a.labels.includes(label));
  const labels = [...batch, ...rows, ...columns];
  if (inner.length === 0) return { value: multiply(aligned(a, labels), aligned(b, labels)), labels };
  const [x, transposeA] = matrices(a, batch, rows, inner);
  const [y, transposeB] = matrices(b, batch, inner, columns);
  const value = matmul(floats(x), floats(y), { transposeA, transposeB });
  if (rows.length === 1 && columns.length === 1) return { value, labels };
  return { value: unmerged(value, a, b, batch.length, labels), labels };
}

/** A stack of matrices [batch..., rows, columns] with the axes of each kind in one; and whether they are transposed. */
function matrices(
  term: Labelled,
  batch: readonly string[],
  rows: readonly string[],
  columns: readonly string[],
): [Operand, boolean] {
  const last = term.labels.at(-1)!;
  const [first, second] = rows.includes(last) && !columns.includes(last) ? [columns, rows] : [rows, columns];
  const ordered = inOrder(term, [...batch, ...first, ...second]);
  const sizes = sizesOf(ordered);
  const merged = (labels: readonly string[]): Size => {
    if (labels.length === 1) return { axis: ordered.labels.indexOf(firstOf(labels)) };
    const known = labels.map((label) => itemAt(sizes, ordered.labels.indexOf(label)));
    return known.some((size) => size < 0) ? -1 : sizeOf(known);
  };
  if (first.length === 1 && second.length === 1) return [ordered.value, first !== rows];
  const lead = batch.map((_, axis) => ({ axis }));
  const [outer, inner] = [merged(first), merged(second)];
  if (outer !== -1 || inner !== -1) return [resized(ordered.value, [...lead, outer, inner]), first !== rows];
  // One after the other: a reshape computes one size.
  const kept = first.map((_, i) => ({ axis: batch.length + i }));
  const once = resized(ordered.value, [...lead, ...kept, -1]);
  return [resized(once, [...lead, -1, { axis: batch.length + first.length }]), first !== rows];
}

/** A stack of matrices with the axes of its rows and columns apart again. */
function unmerged(
  value: Operand,
  a: Labelled,
  b: Labelled,
  batch: number,
  labels: readonly string[],
): Operand {
  const sizes = labels.map((label, axis): Size => {
    if (axis < batch) return { axis };
    return a.labels.includes(label) ? sizeFor(a, label) : sizeFor(b, label);
  });
  if (sizes.filter((size) => size === -1).length < 2) return resized(value, sizes);
  // Of this only the shape is read.
  const [x, y] = mapTuple([a, b], (term) =>
    aligned(
      summed(term, (label) => labels.includes(label)),
      labels,
    ),
  );
  return apply('reshapeLike', [value, multiply(x, y)]);
}

function checkSizes(left: Labelled, right: Labelled): void {
  for (const label of left.labels) {
    if (!right.labels.includes(label)) continue;
    const [a, b] = [sizeFor(left, label), sizeFor(right, label)];
    if (a !== b && a !== 1 && b !== 1 && a >= 0 && b >= 0) {
      const what = isOfEllipsis(label) ? "sizes that broadcast for '...'" : `one size for '${label}'`;
      throw mismatch('einsum', what, `${a} and ${b}`, 'SHAPE');
    }
  }
}

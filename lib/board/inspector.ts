import { firstOf, itemAt, sizeOf } from '../base/list.js';
import { reasonOf } from '../base/wholeFile.js';
import { warnOnce } from '../base/warn.js';
import { type Compiled, compile } from '../core/compile.js';
import { grad } from '../core/grad.js';
import type { KerasTensor, OperationNode } from '../core/kerasTensor.js';
import { NDArray } from '../core/ndarray.js';
import type { Sym } from '../core/sym.js';
import { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { cast, histogram, reshape, stridedSlice } from '../ops/index.js';
import type { LayerRow } from './runs.js';
import { type Samples, largest } from './samples.js';
import { type GrayImages, grayImages, shownFilters, shownOutput } from './shown.js';

/** What is asked of the model that is looked at. */
export interface InspectedModel {
  /** @internal */
  readonly graphNodes: readonly OperationNode[];
  readonly weights: readonly Variable[];
  readonly trainableWeights: readonly Variable[];
  computeLoss(given: { x: Sym; y: Sym; yPred: Sym; training: boolean }): Sym;
}

/** What each layer makes of one sample, and what the model says of it. */
export interface Look {
  readonly layers: readonly ({ readonly name: string } & GrayImages)[];
  readonly output: readonly number[];
}

/** A histogram: counts of numbers in bins of equal width between two. */
interface Bars {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

/** What is seen of the model between epochs. */
export interface Looks {
  readonly epoch: number;
  readonly weights: readonly {
    readonly name: string;
    readonly values: Bars;
    readonly gradients: Bars | null;
  }[];
  readonly filters: readonly ({ readonly name: string } & GrayImages)[];
  /** Rows: the true classes; columns: the predicted ones. */
  readonly confusion: readonly (readonly number[])[] | null;
  readonly samples: readonly Predicted[];
  readonly look: (Look & { readonly index: number }) | null;
}

/** What the model says of a sample. */
interface Predicted {
  readonly index: number;
  readonly truth: number | null;
  readonly output: readonly number[];
  readonly bytes: string;
}

const BINS = 30;
/** Histograms of more numbers are of some of them, evenly picked. */
const MOST_NUMBERS = 1 << 15;
/** Gradients are those of so many samples at most. */
const BATCH = 64;
/** So many samples are predicted in one step, and shown. */
const STEP = 100;
const MOST_SHOWN = 40;
const MOST_CLASSES = 40;

type Bins = [counts: Sym, edges: Sym];
interface Measured {
  readonly values: Bins[];
  readonly gradients: Bins[];
  readonly filters: Sym[];
}

/** Looks into a model that trains, with steps between those of the training. */
export class Inspector {
  readonly #who: string;
  readonly #model: InspectedModel;
  readonly #samples: Samples | undefined;
  readonly #input: KerasTensor | undefined;
  readonly #output: KerasTensor | undefined;
  readonly #look: Compiled<[Sym], { maps: Sym[]; output: Sym }>;
  readonly #predict: Compiled<[Sym], Sym>;
  /** The names of the maps, in the order of the traced function. */
  #names: string[] = [];
  readonly #measured = {
    all: compile((x: Sym, y: Sym) => this.#measure(x, y)),
    weights: compile(() => this.#measure()),
  };
  #hasGradients: boolean;

  constructor(who: string, model: InspectedModel, samples: Samples | undefined) {
    this.#who = who;
    this.#model = model;
    this.#samples = samples;
    const nodes = model.graphNodes;
    const inputs = nodes.filter(({ operation }) => operation.className === 'InputLayer');
    const read = new Set(nodes.flatMap((node) => node.inputs));
    const ends = nodes.flatMap((node) => node.outputs).filter((place) => !read.has(place));
    if (inputs.length === 1 && ends.length === 1)
      [this.#input, this.#output] = [inputs[0]?.outputs[0], ends[0]];
    this.#hasGradients = samples?.y !== undefined && this.#output !== undefined;
    this.#predict = compile((x: Sym) => this.#run(x).get(this.#output!)!);
    this.#look = compile((x: Sym) => {
      const known = this.#run(x);
      const all = this.#shownNodes.map(({ operation, outputs }) => ({
        name: operation.name,
        map: shownOutput(known.get(firstOf(outputs))!),
      }));
      const drawn = all.filter((one): one is { name: string; map: Sym } => one.map !== undefined);
      this.#names = drawn.map(({ name }) => name);
      return { maps: drawn.map(({ map }) => map), output: known.get(this.#output!)! };
    });
  }

  /** The layers with the shapes of their outputs. */
  get layers(): readonly LayerRow[] {
    return this.#shownNodes.map(({ operation, outputs }) => ({
      name: operation.name,
      className: operation.className,
      shape: firstOf(outputs).shape,
      parameters: this.#model.weights
        .filter(({ name }) => name.startsWith(`${operation.name}/`))
        .reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    }));
  }

  /** Whether it can say what layers make of a sample. */
  get canLook(): boolean {
    return this.#samples !== undefined && this.#output !== undefined;
  }

  /** What each layer makes of one sample [1, ...]. */
  async look(sample: NDArray): Promise<Look> {
    const { maps, output } = await this.#look(sample);
    const images = await Promise.all(maps.map(grayImages));
    return {
      layers: images.map((image, i) => ({ name: itemAt(this.#names, i), ...image })),
      output: Array.from(await taken(output)),
    };
  }

  /** All that is kept of an epoch. @param index The sample whose layers are shown. */
  async looks(epoch: number, index: number): Promise<Looks> {
    const samples = this.canLook ? this.#samples : undefined;
    const { values, gradients, filters } = await this.#measurement();
    const trained = this.#model.trainableWeights;
    const weights = await Promise.all(
      trained.map(async ({ name }, i) => ({
        name,
        values: await bars(itemAt(values, i)),
        gradients: gradients.length > 0 ? await bars(itemAt(gradients, i)) : null,
      })),
    );
    const images = await Promise.all(filters.map(grayImages));
    const kernels = this.#kernels.map(({ name }) => name);
    return {
      epoch,
      weights,
      filters: images.map((image, i) => ({ name: itemAt(kernels, i), ...image })),
      ...(samples ? await this.#predictions(samples) : { confusion: null, samples: [] }),
      look: samples ? { index, ...(await this.look(samples.one(this.#who, index))) } : null,
    };
  }

  /** The calls of layers that give one output. */
  get #shownNodes(): readonly OperationNode[] {
    return this.#model.graphNodes.filter(
      ({ operation, outputs }) => outputs.length === 1 && operation.className !== 'InputLayer',
    );
  }

  get #kernels(): readonly Variable[] {
    return this.#model.trainableWeights.filter(({ shape }) => shape.length === 4);
  }

  /** The model as it predicts: what all places of its graph hold. */
  #run(x: Sym): ReadonlyMap<KerasTensor, Sym> {
    const place = this.#input!;
    const known = new Map<KerasTensor, Sym>([[place, cast(x, place.dtype)]]);
    for (const { operation, inputs, outputs, options } of this.#model.graphNodes) {
      if (operation.className === 'InputLayer') continue;
      const given = inputs.map((input) => known.get(input)!);
      operation
        .run(given, { training: false, ...options })
        .forEach((value, i) => known.set(itemAt(outputs, i), value));
    }
    return known;
  }

  #measure(x?: Sym, y?: Sym): Measured {
    const trained = this.#model.trainableWeights;
    const measured = {
      values: trained.map(binsOf),
      filters: this.#kernels.map((kernel) => shownFilters(valueOf(kernel))),
    };
    if (!x || !y) return { ...measured, gradients: [] };
    const yPred = this.#run(x).get(this.#output!)!;
    const loss = this.#model.computeLoss({ x, y, yPred, training: false });
    return { ...measured, gradients: grad(loss, [...trained]).map(binsOf) };
  }

  async #measurement() {
    const { x, y } = this.#samples ?? {};
    if (this.#hasGradients && x && y) {
      const targets = y.slice(0, BATCH);
      const columns = targets.shape.length === 1 ? new NDArray(targets.data, [targets.length, 1]) : targets;
      try {
        return await this.#measured.all(x.slice(0, BATCH), columns);
      } catch (error) {
        this.#hasGradients = false;
        warnOnce('NODEGRAD_BOARD', `[${this.#who}] shows no gradients: ${reasonOf(error)}`);
      }
    }
    return this.#measured.weights();
  }

  async #predictions(samples: Samples): Promise<Pick<Looks, 'confusion' | 'samples'>> {
    const outputs: (readonly number[])[] = [];
    for (let from = 0; from < samples.x.length; from += STEP) {
      const batch = samples.x.slice(from, from + STEP);
      const data = await taken(await this.#predict(batch));
      const each = data.length / batch.length;
      for (let n = 0; n < batch.length; n++)
        outputs.push(Array.from(data.subarray(n * each, (n + 1) * each)));
    }
    const count = this.#output!.shape.length === 2 ? firstOf(outputs).length : 0;
    const truth = samples.classes(count);
    const isWrong = (index: number) =>
      truth !== undefined && largest(itemAt(outputs, index)) !== truth[index];
    const order = outputs
      .map((_, index) => index)
      .sort((a, b) => Number(isWrong(b)) - Number(isWrong(a)) || a - b);
    const shown = count > 0 ? order.slice(0, MOST_SHOWN) : [];
    return {
      confusion: truth && count <= MOST_CLASSES ? confusion(truth, outputs, count) : null,
      samples: shown.map((index) => ({
        index,
        truth: truth?.[index] ?? null,
        output: itemAt(outputs, index),
        bytes: samples.bytes(index),
      })),
    };
  }
}

const valueOf = (weight: Variable): Sym => reshape(weight as unknown as Sym, weight.shape);

/** The histogram of numbers of any shape. */
function binsOf(x: Sym | Variable): Bins {
  const size = sizeOf(x.shape);
  const step = Math.max(1, Math.ceil(size / MOST_NUMBERS));
  const numbers = stridedSlice(reshape(x as Sym, [size]), 0, size, step);
  return histogram(numbers, { bins: BINS });
}

async function bars([counts, edges]: readonly Tensor[]): Promise<Bars> {
  const [each, ends] = await Promise.all([taken(counts!), taken(edges!)]);
  return { counts: Array.from(each), low: itemAt(ends, 0), high: itemAt(ends, BINS) };
}

/** The numbers of a tensor that is not needed any more. */
async function taken(tensor: Tensor) {
  const data = await tensor.data();
  tensor.dispose();
  return data;
}

function confusion(
  truth: readonly number[],
  outputs: readonly (readonly number[])[],
  count: number,
): number[][] {
  const table = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  outputs.forEach((output, index) => {
    const row = table[truth[index] ?? -1];
    if (row) row[largest(output)]! += 1;
  });
  return table;
}

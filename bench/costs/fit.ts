/** What bench/costs measures of one way to compute a convolution. */
export interface TimedWay {
  shape: string;
  pass: string;
  dtype: string;
  way: string;
  implementation: string;
  /** Products, numbers of images, numbers of filters. */
  work: [number, number, number];
  ms: number;
}

/** Picoseconds for one of each kind of work, and for the call. */
export type Prices = [number, number, number, number];

/** The prices of ways by `${dtype}, ${way}, ${pass}`, as the rows of the table have them. */
export type PriceList = Map<string, Prices>;

export const rowOf = ({ dtype, way, pass }: Pick<TimedWay, 'dtype' | 'way' | 'pass'>) =>
  `${dtype}, ${way}, ${pass}`;

/** What comes before or after a way. */
const BESIDES = ['Relayout', 'Rounding'];
const PICOSECONDS = 1e9; // of a millisecond
/** Shapes: of fewer there are no prices, of fewer than twice as many none of filters and of the call. */
const FEW = 5;
const ROUNDS = 60;
const STEPS = 400;
/** Where one of ours takes longer than so many times the fastest, what it takes is of no interest. oneDNN's slow cases are part of its prices. */
const RIVAL = 1.2;
const ONEDNN = ['Direct', 'Pointwise', 'Grouped', 'Depthwise', 'Unfolded'];

const passOf = ({ shape, pass, dtype }: TimedWay) => `${shape}, ${pass}, ${dtype}`;
const isWay = ({ way }: TimedWay) => !BESIDES.includes(way);

function grouped<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}

const KINDS = [0, 1, 2, 3] as const;
/** What is paid for: the work, and one call. */
const amountsOf = ({ work }: TimedWay): readonly number[] => [...work, 1];

const cost = (way: TimedWay, prices: Prices) =>
  amountsOf(way).reduce((sum, amount, k) => sum + amount * prices[k]!, 0);

/**
 * Prices, none of them negative, for which the predicted times are as many times too long as others are too short. Each round minimizes the
 * sum of (p - t)² / (p' t), p' being the prediction of the round before, which is about that of log(p / t)².
 */
export function fitPrices(timed: readonly TimedWay[]): Prices {
  const kinds = timed.length < 2 * FEW ? 2 : KINDS.length;
  const amounts = timed.map(amountsOf);
  const times = timed.map(({ ms }) => ms * PICOSECONDS);
  let prices: Prices = [0, 0, 0, 0];
  let predicted = times;
  for (let round = 0; round < ROUNDS; round++) {
    const weights = times.map((time, i) => 1 / Math.sqrt(time * predicted[i]!));
    const scales = KINDS.map((k) =>
      k < kinds ? Math.sqrt(amounts.reduce((sum, own, i) => sum + (own[k]! * weights[i]!) ** 2, 0)) : 0,
    );
    const rows = amounts.map((own, i) =>
      scales.map((scale, k) => (scale > 0 ? (own[k]! * weights[i]!) / scale : 0)),
    );
    const goal = times.map((time, i) => time * weights[i]!);
    const gram = scales.map((_, a) =>
      scales.map((__, b) => rows.reduce((sum, row) => sum + row[a]! * row[b]!, 0)),
    );
    const moments = scales.map((_, a) => rows.reduce((sum, row, i) => sum + row[a]! * goal[i]!, 0));
    const shares = KINDS.map(() => 0);
    for (let step = 0; step < STEPS; step++)
      for (const a of KINDS) {
        if (gram[a]![a] === 0) continue;
        const others = shares.reduce((sum, share, b) => (a === b ? sum : sum + gram[a]![b]! * share), 0);
        shares[a] = Math.max((moments[a]! - others) / gram[a]![a]!, 0);
      }
    prices = shares.map((share, k) => (scales[k]! > 0 ? share / scales[k]! : 0)) as Prices;
    // A prediction far off weighs as one of a tenth or ten times.
    predicted = timed.map((way, i) => Math.min(Math.max(cost(way, prices), times[i]! / 10), times[i]! * 10));
  }
  return prices;
}

/**
 * The prices of every way, pass and dtype that was timed, fitted where the way comes into question.
 */
export function fitAll(timed: readonly TimedWay[]): PriceList {
  const least = new Map(
    [...grouped(timed.filter(isWay), passOf)].map(([pass, ways]) => [
      pass,
      Math.min(...ways.map(({ ms }) => ms)),
    ]),
  );
  const prices: PriceList = new Map();
  for (const [row, ways] of grouped(timed, rowOf)) {
    if (ways.length < FEW) continue;
    const most = (way: TimedWay) =>
      !isWay(way) || ONEDNN.includes(way.way) ? Infinity : RIVAL * least.get(passOf(way))!;
    const rivals = new Set(ways.filter((way) => way.ms <= most(way)));
    for (const way of rivals.size < 2 * FEW ? ways : []) rivals.add(way);
    // With those that the prices would take for rivals, or that would be chosen.
    for (let count = 0; rivals.size > count;) {
      count = rivals.size;
      const found = fitPrices([...rivals]);
      prices.set(row, found);
      for (const way of ways) if (cost(way, found) / PICOSECONDS <= most(way)) rivals.add(way);
    }
  }
  return prices;
}

/** Milliseconds. */
export function predict(way: TimedWay, prices: PriceList): number {
  const found = prices.get(rowOf(way));
  if (!found) throw new Error(`bench: no prices of ${rowOf(way)}.`);
  return cost(way, found) / PICOSECONDS;
}

/** The way that is chosen for a pass of a shape, and the fastest one. */
export interface Choice {
  chosen: TimedWay;
  fastest: TimedWay;
  predicted: number;
}

/** For each shape, pass and dtype: kernels alone, in the layouts that they want. */
export function choices(timed: readonly TimedWay[], prices: PriceList): Choice[] {
  const groups = grouped(timed.filter(isWay), passOf);
  return [...groups.values()].map((group) => {
    const least = (of: (way: TimedWay) => number) => group.reduce((a, b) => (of(b) < of(a) ? b : a));
    const chosen = least((way) => predict(way, prices));
    return { chosen, fastest: least(({ ms }) => ms), predicted: predict(chosen, prices) };
  });
}

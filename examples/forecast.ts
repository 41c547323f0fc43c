/**
 * Tomorrow's weather from the last 30 days: an LSTM against two simple guesses.
 *
 * The guesses: as warm as today; and the day before tomorrow's difference added. A forecast is worth something where it beats them. The net is
 * trained on three years and judged on the fourth, which it never saw. Windows of the series come from `timeseriesDatasetFromArray`.
 *
 *     npm run example forecast -- --epochs 40
 */
import { NDArray, Sequential, layers, optimizers, utils, visualization } from 'nodegrad';
import { seattleTemperatures } from './data/weather.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '' });
const epochs = Number(flags.epochs || (quick ? 10 : 40));
const DAYS = 30;

const degrees = await seattleTemperatures();
const begin = degrees.length - 365;
// In units of the first three years.
const known = degrees.subarray(0, begin);
const mean = known.reduce((a, b) => a + b, 0) / known.length;
const deviation = Math.sqrt(known.reduce((a, b) => a + (b - mean) ** 2, 0) / known.length);
const series = Float32Array.from(degrees, (t) => (t - mean) / deviation);

/** Windows of 30 days and the day after each, of the days from one to another. */
const windows = (from: number, to: number, shuffle: boolean) =>
  utils.timeseriesDatasetFromArray(
    new NDArray(series.slice(from, to - 1), [to - 1 - from, 1]),
    new NDArray(series.slice(from + DAYS, to), [to - from - DAYS, 1]),
    { sequenceLength: DAYS, batchSize: 32, shuffle, ...(shuffle && { seed: 1 }) },
  );

const model = new Sequential(
  [layers.input({ shape: [DAYS, 1] }), layers.lstm({ units: 32 }), layers.dense({ units: 1 })],
  { seed: 1 },
);
model.compile({ optimizer: optimizers.adam({ learningRate: 0.003 }), loss: 'meanAbsoluteError' });
const history = await model.fit(windows(0, begin, true), { epochs, verbose: 0 });
await visualization.plotHistory(history, { path: out('history.svg') });

const predicted = await (await model.predict(windows(begin - DAYS, degrees.length, false))).data();
const forecast = Float32Array.from(predicted, (n) => n * deviation + mean);
const truth = degrees.subarray(begin);
const errorOf = (guess: (day: number) => number) =>
  truth.reduce((sum, t, day) => sum + Math.abs(t - guess(day)), 0) / truth.length;
const asToday = errorOf((day) => degrees[begin + day - 1]!);
const onwards = errorOf((day) => 2 * degrees[begin + day - 1]! - degrees[begin + day - 2]!);
const error = errorOf((day) => forecast[day]!);
console.log(
  `as today: ${asToday.toFixed(2)} °C   as it rose or fell: ${onwards.toFixed(2)} °C   LSTM: ${error.toFixed(2)} °C`,
);
await visualization.plotLines(
  { truth, forecast },
  { xLabel: 'day', yLabel: '°C', title: 'Seattle, the fourth year', path: out('forecast.svg') },
);
figure('mean error over that of "as today"', error / asToday, { atMost: quick ? 0.98 : 0.96 });

import {
  type OptionNames,
  boolean,
  expected,
  finite,
  integer,
  positive,
  wrongShape,
} from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { NDArray } from '../core/ndarray.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import type { StftOptions } from '../ops/stft.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.melSpectrogram` takes. */
export interface MelSpectrogramOptions extends LayerOptions {
  /** How many places a Fourier transform takes. Default 2048. */
  fftLength?: number;
  /** How far stretches are apart, in places. Default 512. */
  sequenceStride?: number;
  /** How long a stretch is; null: `fftLength`. Default null. */
  sequenceLength?: number | null;
  /** What stretches are multiplied by: a name, numbers, or null for ones. Default `hann`. */
  window?: StftOptions['window'];
  /** How many places of the signal a second has. Default 16000. */
  samplingRate?: number;
  /** How many bands the result has. Default 128. */
  numMelBins?: number;
  /** Where the lowest band begins, in Hertz. Default 20. */
  minFreq?: number;
  /** Where the highest band ends, in Hertz; null: half the sampling rate. Default null. */
  maxFreq?: number | null;
  /** Whether the result is in decibels. Default true. */
  powerToDb?: boolean;
  /** How many decibels below the largest number the result is cut. Default 80. */
  topDb?: number;
  /** The power of the magnitudes that is added up. Default 2. */
  magExp?: number;
  /** What the power counts as at least. Default 1e-10. */
  minPower?: number;
  /** The power that is 0 decibels. Default 1. */
  refPower?: number;
}

const DEFAULTS = defaultsOf<MelSpectrogramOptions>()({
  fftLength: 2048,
  sequenceStride: 512,
  samplingRate: 16000,
  numMelBins: 128,
  minFreq: 20,
  powerToDb: true,
  topDb: 80,
  magExp: 2,
  minPower: 1e-10,
  refPower: 1,
});

/** The mel scale: made by `layers.melSpectrogram`, which says more. */
export class MelSpectrogram extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    fftLength: 'optional',
    sequenceStride: 'optional',
    sequenceLength: 'optional',
    window: 'optional',
    samplingRate: 'optional',
    numMelBins: 'optional',
    minFreq: 'optional',
    maxFreq: 'optional',
    powerToDb: 'boolean',
    topDb: 'optional',
    magExp: 'optional',
    minPower: 'optional',
    refPower: 'optional',
  } satisfies OptionNames<MelSpectrogramOptions>;
  readonly className = 'MelSpectrogram';
  /** How many places a Fourier transform takes. */
  readonly fftLength: number;
  /** How far stretches are apart. */
  readonly sequenceStride: number;
  /** How long a stretch is. */
  readonly sequenceLength: number;
  /** What stretches are multiplied by. */
  readonly window: StftOptions['window'];
  /** How many places of the signal a second has. */
  readonly samplingRate: number;
  /** How many bands the result has. */
  readonly numMelBins: number;
  /** Where the lowest band begins, in Hertz. */
  readonly minFreq: number;
  /** Where the highest band ends, in Hertz. */
  readonly maxFreq: number;
  /** Whether the result is in decibels. */
  readonly powerToDb: boolean;
  /** How many decibels below the largest number the result is cut. */
  readonly topDb: number;
  /** The power of the magnitudes that is added up. */
  readonly magExp: number;
  /** What the power counts as at least. */
  readonly minPower: number;
  /** The power that is 0 decibels. */
  readonly refPower: number;

  constructor(given: MelSpectrogramOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'melSpectrogram';
    this.fftLength = integer(who, 'fftLength', options.fftLength, 2);
    this.sequenceStride = integer(who, 'sequenceStride', options.sequenceStride);
    this.sequenceLength = integer(who, 'sequenceLength', options.sequenceLength ?? this.fftLength);
    if (this.sequenceLength > this.fftLength)
      throw expected(who, `a sequenceLength of at most fftLength, ${this.fftLength}`, this.sequenceLength);
    this.window = options.window === undefined ? 'hann' : options.window;
    this.samplingRate = integer(who, 'samplingRate', options.samplingRate);
    this.numMelBins = integer(who, 'numMelBins', options.numMelBins);
    this.minFreq = finite(who, 'minFreq', options.minFreq);
    this.maxFreq = finite(who, 'maxFreq', options.maxFreq ?? Math.trunc(this.samplingRate / 2));
    if (!(this.minFreq >= 0 && this.minFreq < this.maxFreq))
      throw expected(who, `a minFreq from 0 to below maxFreq, ${this.maxFreq}`, this.minFreq);
    this.powerToDb = boolean(who, 'powerToDb', options.powerToDb);
    this.topDb = finite(who, 'topDb', options.topDb);
    this.magExp = positive(who, 'magExp', options.magExp);
    this.minPower = positive(who, 'minPower', options.minPower);
    this.refPower = finite(who, 'refPower', options.refPower);
  }

  call(x: Sym): Sym {
    if (x.rank < 1 || x.rank > 2) throw wrongShape('melSpectrogram', 'signals [n, samples]', x.shape);
    const { window, sequenceLength, sequenceStride, fftLength } = this;
    const [real, imaginary] = ops.stft(toFloat32(x), sequenceLength, sequenceStride, fftLength, { window });
    const squares = ops.add(ops.square(real), ops.square(imaginary));
    const powers = this.magExp === 2 ? squares : ops.power(ops.sqrt(squares), this.magExp);
    const bands = ops.swapaxes(ops.matmul(powers, melMatrix(this)), -1, -2);
    return this.powerToDb ? this.#decibels(bands) : bands;
  }

  #decibels(x: Sym): Sym {
    const log10 = (power: Sym) => ops.multiply(ops.log10(ops.maximum(power, this.minPower)), 10);
    const zero = 10 * Math.log10(Math.max(Math.abs(this.refPower), this.minPower));
    const all = ops.subtract(log10(x), zero);
    return ops.maximum(all, ops.subtract(ops.max(all), this.topDb));
  }

  override getConfig() {
    const { window } = this;
    return {
      ...super.getConfig(),
      fftLength: this.fftLength,
      sequenceStride: this.sequenceStride,
      sequenceLength: this.sequenceLength,
      window: window instanceof Float32Array ? Array.from(window) : window,
      samplingRate: this.samplingRate,
      numMelBins: this.numMelBins,
      minFreq: this.minFreq,
      maxFreq: this.maxFreq,
      powerToDb: this.powerToDb,
      topDb: this.topDb,
      magExp: this.magExp,
      minPower: this.minPower,
      refPower: this.refPower,
    };
  }
}

/** The mel of a frequency in Hertz, as the Hidden Markov Model Toolkit has it. */
const mel = (hertz: number): number => 1127 * Math.log(1 + hertz / 700);

/** How much each bin of a Fourier transform, of which the first is left out, counts in each band: triangles of height 1. */
function melMatrix({ fftLength, samplingRate, numMelBins, minFreq, maxFreq }: MelSpectrogram): NDArray {
  const bins = Math.floor(fftLength / 2) + 1;
  const numbers = new Float32Array(bins * numMelBins);
  const [from, to] = [mel(minFreq), mel(maxFreq)];
  const width = (to - from) / (numMelBins + 1);
  for (let bin = 1; bin < bins; bin++) {
    const at = mel((samplingRate / 2 / (bins - 1)) * bin);
    for (let band = 0; band < numMelBins; band++) {
      const lower = from + band * width;
      const height = Math.min((at - lower) / width, (lower + 2 * width - at) / width);
      numbers[bin * numMelBins + band] = Math.max(0, height);
    }
  }
  return new NDArray(numbers, [bins, numMelBins]);
}

/**
 * The powers of a signal in bands of the mel scale, over time: magnitudes of {@link ops.stft}, added up in triangles, in decibels. It has no
 * weights. https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/mel_spectrogram/
 *
 * @returns A layer of signals [n, samples], of known length, to float32 [n, numMelBins, stretches]. With `powerToDb` numbers are cut at `topDb` below the
 *   largest of the batch.
 * @throws EngineError `ARGUMENT` for other numbers; `SHAPE` for other ranks.
 * @example layers.melSpectrogram({ numMelBins: 64, samplingRate: 8000, sequenceStride: 256 });
 */
export const melSpectrogram = (options?: MelSpectrogramOptions) => new MelSpectrogram(options);

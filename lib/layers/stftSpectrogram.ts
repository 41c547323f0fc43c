import { type OptionNames, boolean, expected, integer, oneOf, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { STFT, checkScaling } from '../initializers/stft.js';
import { dataFormatOf } from '../ops/window.js';
import { type Window, checkWindow } from '../initializers/windows.js';
import * as ops from '../ops/index.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { Layer, type LayerOptions } from './layer.js';

const MODES = ['log', 'magnitude', 'psd', 'real', 'imag', 'angle', 'stft'] as const;

/** What `layers.stftSpectrogram` takes. */
export interface STFTSpectrogramOptions extends LayerOptions {
  /** What it gives: the logarithm of the magnitudes, these, the power spectral density, real or imaginary parts, angles, or both parts. Default `log`. */
  mode?: (typeof MODES)[number];
  /** How long a stretch is. Default 256. */
  frameLength?: number;
  /** How far stretches are apart, at most their length; null: half of it. Default null. */
  frameStep?: number | null;
  /** How many places a Fourier transform takes, at least the length of a stretch; null: the next power of 2. Default null. */
  fftLength?: number | null;
  /** What stretches are multiplied by: a name, numbers, or null for ones. Default `hann`. */
  window?: Window;
  /** Whether a named window has the period of a stretch. Default false. */
  periodic?: boolean;
  /** What the window is divided by: see `initializers.stft`. Default `density`. */
  scaling?: 'density' | 'spectrum' | null;
  /** Whether zeros stand around the signal (`same`). Default `valid`. */
  padding?: 'valid' | 'same';
  /** Whether bins and channels are axes of their own, as of a picture. Default false. */
  expandDims?: boolean;
  /** Where channels are in what goes in and comes out. Default `channelsLast`. */
  dataFormat?: ops.DataFormat;
}

const DEFAULTS = defaultsOf<STFTSpectrogramOptions>()({
  mode: 'log',
  frameLength: 256,
  periodic: false,
  padding: 'valid',
  expandDims: false,
  dataFormat: 'channelsLast',
  frameStep: null,
  fftLength: null,
});

/** A short-time Fourier transform as convolutions: made by `layers.stftSpectrogram`, which says more. */
export class STFTSpectrogram extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    mode: 'optional',
    frameLength: 'optional',
    frameStep: 'optional',
    fftLength: 'optional',
    window: 'optional',
    periodic: 'boolean',
    scaling: 'optional',
    padding: 'optional',
    expandDims: 'boolean',
    dataFormat: 'optional',
  } satisfies OptionNames<STFTSpectrogramOptions>;
  readonly className = 'STFTSpectrogram';
  /** What it gives. */
  readonly mode: (typeof MODES)[number];
  /** How long a stretch is. */
  readonly frameLength: number;
  /** How far stretches are apart; null: half their length. */
  readonly frameStep: number | null;
  /** How many places a Fourier transform takes; null: the next power of 2. */
  readonly fftLength: number | null;
  /** What stretches are multiplied by. */
  readonly window: Window;
  /** Whether a named window has the period of a stretch. */
  readonly periodic: boolean;
  /** What the window is divided by. */
  readonly scaling: 'density' | 'spectrum' | null;
  /** Whether zeros stand around the signal. */
  readonly padding: 'valid' | 'same';
  /** Whether bins and channels are axes of their own. */
  readonly expandDims: boolean;
  /** Where channels are. */
  readonly dataFormat: ops.DataFormat;
  #kernels: Partial<Record<'real' | 'imag', Variable>> = {};

  constructor(given: STFTSpectrogramOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'stftSpectrogram';
    const { frameStep, fftLength } = options;
    this.mode = oneOf(who, 'mode', options.mode, MODES);
    this.frameLength = integer(who, 'frameLength', options.frameLength);
    if (frameStep !== null && integer(who, 'frameStep', frameStep) > this.frameLength)
      throw expected(who, `a frameStep of at most frameLength, ${this.frameLength}`, frameStep);
    if (fftLength !== null) integer(who, 'fftLength', fftLength, this.frameLength);
    this.frameStep = frameStep;
    this.fftLength = fftLength;
    this.window = checkWindow(who, options.window === undefined ? 'hann' : options.window);
    this.periodic = boolean(who, 'periodic', options.periodic);
    this.scaling = checkScaling(who, options.scaling === undefined ? 'density' : options.scaling);
    this.padding = oneOf(who, 'padding', options.padding, ['valid', 'same']);
    this.expandDims = boolean(who, 'expandDims', options.expandDims);
    this.dataFormat = dataFormatOf(who, options.dataFormat);
  }

  override build(): void {
    const { window, scaling, periodic, frameLength } = this;
    const bins = Math.floor((this.fftLength ?? 2 ** Math.ceil(Math.log2(frameLength))) / 2) + 1;
    const add = (side: 'real' | 'imag') => {
      this.#kernels[side] = this.addWeight({
        name: `${side}Kernel`,
        shape: [frameLength, 1, bins],
        initializer: new STFT({ side, window, scaling, periodic }),
      });
    };
    if (this.mode !== 'imag') add('real');
    if (this.mode !== 'real') add('imag');
  }

  call(x: Sym): Sym {
    if (x.rank !== 3) throw wrongShape('stftSpectrogram', 'signals of three axes', x.shape);
    const first = this.dataFormat === 'channelsFirst';
    const channels = itemAt(x.shape, first ? 1 : 2);
    if (channels < 0) throw wrongShape('stftSpectrogram', 'a known number of channels', x.shape);
    const signals = first ? ops.transpose(toFloat32(x), [0, 2, 1]) : toFloat32(x);
    const parts = { real: this.#part(signals, 'real'), imag: this.#part(signals, 'imag') };
    const made = this.#shown(parts.real, parts.imag);
    if (this.expandDims) return first ? ops.transpose(made, [0, 3, 1, 2]) : made;
    // The bins of the first channel, then of the next.
    const flat = ops.concatenate(ops.unstack(made, { axis: 3 }), { axis: 2 });
    return first ? ops.transpose(flat, [0, 2, 1]) : flat;
  }

  /** One part of the transform of [n, samples, channels], [n, stretches, bins, channels]; undefined where the mode has none. */
  #part(signals: Sym, side: 'real' | 'imag'): Sym | undefined {
    const kernel = this.#kernels[side];
    if (!kernel) return undefined;
    const { padding } = this;
    const strides = this.frameStep ?? Math.max(1, Math.floor(this.frameLength / 2));
    const channels = ops.unstack(signals, { axis: 2 });
    const each = channels.map((signal) =>
      ops.conv<Sym, Sym>(ops.expandDims(signal, -1), kernel as unknown as Sym, { strides, padding }),
    );
    return ops.stack(each, { axis: 3 });
  }

  #shown(real: Sym | undefined, imag: Sym | undefined): Sym {
    if (!real || !imag) return (real ?? imag) as Sym;
    if (this.mode === 'angle') return ops.arctan2(imag, real);
    if (this.mode === 'stft') return ops.concatenate([real, imag], { axis: 2 });
    const power = ops.add(ops.square(real), ops.square(imag));
    if (this.mode === 'psd') {
      // Of what is paired with a conjugate the density counts twice.
      const bins = itemAt(power.shape, 2);
      const twice = Float32Array.from({ length: bins }, (_, i) => (i > 0 && i < bins - 1 ? 2 : 1));
      return ops.multiply(power, ops.reshape(ops.array(twice), [bins, 1]));
    }
    const magnitude = ops.sqrt(ops.maximum(power, 1e-7));
    return this.mode === 'magnitude' ? magnitude : ops.log(ops.maximum(magnitude, 1e-7));
  }

  override getConfig() {
    const { window } = this;
    return {
      ...super.getConfig(),
      mode: this.mode,
      frameLength: this.frameLength,
      frameStep: this.frameStep,
      fftLength: this.fftLength,
      window: window instanceof Float32Array ? Array.from(window) : window,
      periodic: this.periodic,
      scaling: this.scaling,
      padding: this.padding,
      dataFormat: this.dataFormat,
      expandDims: this.expandDims,
    };
  }
}

/**
 * The short-time Fourier transform of signals, by convolutions whose kernels are weights (`initializers.stft`), so that they may be trained; with
 * `trainable: false` it is a preprocessing. https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/stft_spectrogram/
 *
 * @returns A layer of signals [n, samples, channels] to float32 [n, stretches, channels · bins], with bins = fftLength / 2 + 1 (twice as many with
 *   the mode `stft`); with `expandDims` [n, stretches, bins, channels]. With channels first [n, channels · bins, stretches], or [n, channels, stretches, bins].
 * @throws EngineError `ARGUMENT` for other options; `SHAPE` for other ranks.
 * @example layers.stftSpectrogram({ mode: 'magnitude', frameLength: 128, trainable: false });
 */
export const stftSpectrogram = (options?: STFTSpectrogramOptions) => new STFTSpectrogram(options);

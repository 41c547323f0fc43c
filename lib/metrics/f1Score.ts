import { type F1ScoreOptions, FBetaScore, f1Names } from './fBetaScore.js';

/** The metric that {@link f1Score} makes. */
export class F1Score extends FBetaScore {
  static override readonly optionNames: object = f1Names;
  override readonly className = 'F1Score';

  constructor(options: F1ScoreOptions = {}) {
    super(options, 'f1Score');
  }

  override getConfig() {
    return Object.fromEntries(Object.entries(super.getConfig()).filter(([key]) => key !== 'beta'));
  }
}

/**
 * 2 · precision · recall / (precision + recall) of each class, 0 to 1. A list of several has the keys `f1Score_0`, `f1Score_1`, … in the
 * logs. Targets are 0 or 1, [n, classes] as the predictions; any dtype.
 * https://keras.io/api/metrics/classification_metrics/#f1score-class
 *
 * @throws EngineError `SHAPE`, from the first step, for predictions of another rank and targets of another shape.
 * @example model.compile({ loss: 'categoricalCrossentropy', metrics: [metrics.f1Score({ average: 'macro' })] });
 */
export const f1Score = (options?: F1ScoreOptions) => new F1Score(options);

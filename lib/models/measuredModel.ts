import { expected } from '../base/checks.js';
import { latestOwner } from '../base/latestOwner.js';
import type { Variable } from '../core/variable.js';
import { collect } from '../layers/collect.js';
import { Layer } from '../layers/layer.js';
import { Metric, type MetricResult } from '../metrics/index.js';
import type { Mode, Trainer } from '../training/index.js';

/** What a model tells of its losses and metrics. */
export abstract class MeasuredModel extends Layer {
  /** The compiled steps. @internal */
  abstract trainer(mode: Mode): Trainer;

  /** @internal */
  protected override get isModel(): boolean {
    return true;
  }

  /** Whether `compile` was called and it is known what is measured. */
  protected abstract get isMeasured(): boolean;

  /**
   * What is measured, in the order of the logs: the mean of the loss, those of the losses of several outputs, what `compile` was given, and
   * the metrics in fields of the model and its layers. Before `compile`, or while the outputs are not known, the latter alone.
   *
   * @example await model.metrics[0].result().data(); // the loss of the last epoch
   */
  get metrics(): readonly Metric[] {
    return this.#measures.map(({ metric }) => metric as Metric);
  }

  /** The keys of the logs of those metrics. */
  get metricsNames(): readonly string[] {
    return this.keyed.map(({ key }) => key);
  }

  /** The variables that those metrics have added. */
  get metricsVariables(): readonly Variable[] {
    return this.metrics.flatMap(({ variables }) => variables);
  }

  /** Makes all metrics begin anew, as `fit` and `evaluate` do before each epoch. */
  resetMetrics(): void {
    if (this.isMeasured) this.trainer('test').measures.resetState();
    for (const metric of this.ownMetrics) metric.resetState();
  }

  /**
   * Whether more of a number in the logs is better (`up`) or less (`down`); undefined where its metric does not tell.
   *
   * @throws EngineError `STATE` before `compile`.
   * @example model.directionOf('val_loss'); // 'down'
   */
  directionOf(monitor: string): 'up' | 'down' | undefined {
    if (typeof (monitor as unknown) !== 'string') throw expected('directionOf', 'a key of the logs', monitor);
    const kind = monitor.replace(/^val_/, '');
    const measures = this.trainer('test').measures.all;
    const found = (key: string) => measures.find((measure) => measure.key === key);
    // The numbers of a list have theirs after the metric's.
    return (found(kind) ?? found(kind.replace(/_\d+$/, '')))?.direction;
  }

  /** The metrics in its fields and in those of its layers. @internal */
  get ownMetrics(): readonly Metric<MetricResult>[] {
    const fields = this.flattened.map((layer) =>
      Object.values<unknown>(layer as unknown as Record<string, unknown>),
    );
    return [...collect<Metric<MetricResult>>(Metric, fields)];
  }

  /** The {@link metrics}, a subclass's own ones too, by their keys in the logs. @internal */
  protected get keyed(): readonly { key: string; metric: Metric<MetricResult> }[] {
    if (latestOwner(this, ['metrics']) === MeasuredModel.prototype) return this.#measures;
    return named(this.metrics);
  }

  get #measures(): readonly { key: string; metric: Metric<MetricResult> }[] {
    if (this.isMeasured) {
      const { measures } = this.trainer('test');
      measures.note(this.ownMetrics);
      return measures.all;
    }
    return named(this.ownMetrics);
  }
}

/** Metrics with their names as keys. */
const named = (metrics: readonly Metric<MetricResult>[]) =>
  metrics.map((metric) => ({ key: metric.name, metric }));

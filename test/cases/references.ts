// Where the numbers of Keras are for the classes and activations of the library: test/reference-table.test.ts looks there.

/** A fixture, and the test that compares with it. */
export interface Source {
  /** A file of test/fixtures. */
  readonly fixture: string;
  /** The test, without `.test.ts`. */
  readonly test: string;
  /** The property of a row that names its class; of a configuration within the rows, too. */
  readonly key?: string;
  /** The classes whose numbers have no such name: where they are at the top of the file. */
  readonly at?: Readonly<Record<string, string>>;
}

export const sources: Readonly<Record<string, readonly Source[]>> = {
  activations: [{ fixture: 'activations.json', key: 'name', test: 'activations' }],
  callbacks: [
    { fixture: 'callbacks.json', key: 'name', test: 'callback-runs' },
    {
      fixture: 'callbacks.json',
      test: 'callback-reference',
      at: {
        CSVLogger: 'csvLogger',
        CallbackList: 'ownLoop',
        History: 'ownLoop',
        LambdaCallback: 'lambdaCallback',
        RemoteMonitor: 'remoteMonitor',
      },
    },
    // Those of PyPI's tensorboard, which Keras's callback writes with.
    { fixture: 'tensorboard.json', test: 'tensorboard', at: { TensorBoard: 'events' } },
  ],
  constraints: [{ fixture: 'families.json', key: 'constraint', test: 'families-reference' }],
  initializers: [{ fixture: 'families.json', key: 'initializer', test: 'families-reference' }],
  layers: [
    { fixture: 'layers.json', key: 'layer', test: 'layers-spatial' },
    { fixture: 'core_layers.json', key: 'layer', test: 'layers-core' },
    { fixture: 'attention.json', key: 'layer', test: 'attention' },
    { fixture: 'recurrent.json', key: 'className', test: 'recurrent-reference' },
    { fixture: 'augmentation.json', key: 'layer', test: 'augmentation' },
    { fixture: 'preprocessing.json', key: 'layer', test: 'preprocessing' },
    { fixture: 'models.json.gz', key: 'class_name', test: 'keras-json' },
    { fixture: 'families.json', key: 'layer', test: 'families-reference' },
    { fixture: 'families.json', key: 'drawn', test: 'families-reference' },
    {
      fixture: 'signals.json',
      test: 'signals',
      at: { MelSpectrogram: 'mels', STFTSpectrogram: 'spectrograms' },
    },
  ],
  losses: [
    { fixture: 'losses.json', key: 'name', test: 'losses-family' },
    { fixture: 'losses_alone.json', test: 'losses-alone', at: { Circle: 'circle' } },
    { fixture: 'signals.json', test: 'ctc', at: { CTC: 'ctc' } },
  ],
  metrics: [
    { fixture: 'metrics.json', key: 'name', test: 'metrics-family' },
    { fixture: 'families.json', key: 'metric', test: 'families-reference' },
  ],
  optimizers: [{ fixture: 'optimizers.json', key: 'name', test: 'optimizer-reference' }],
  regularizers: [{ fixture: 'families.json', key: 'regularizer', test: 'families-reference' }],
  schedules: [{ fixture: 'schedules.json', key: 'name', test: 'schedules' }],
};

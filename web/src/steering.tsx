import { useState } from 'preact/hooks';
import { type RunState, control } from './api.js';
import type { RunCurves } from './curves.js';

const clock = (time: number) => {
  const seconds = Math.round(time);
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
};

/** How far the run is. */
export function Progress({ state, curves }: { state: RunState; curves: RunCurves }) {
  const { last } = curves;
  const { epochs, steps } = state;
  const done = last
    ? last.batch === undefined
      ? last.epoch + 1
      : last.epoch + (steps ? (last.batch + 1) / steps : 0)
    : 0;
  const perStep = curves.stepTimes[1].at(-1) ?? undefined;
  const left =
    steps && perStep !== undefined && state.state === 'running'
      ? ((epochs - done) * steps * perStep) / 1000
      : undefined;
  return (
    <div class="progress" data-step={last?._step ?? 0}>
      <progress max={epochs} value={done} aria-label="Epochs that are done" />
      <p>
        <strong data-testid="state">{state.state}</strong> · epoch {Math.min(Math.floor(done) + 1, epochs)} of{' '}
        {epochs}
        {perStep === undefined ? '' : ` · ${perStep.toFixed(1)} ms a step`}
        {left === undefined ? '' : ` · ${clock(left)} left`}
      </p>
    </div>
  );
}

/** Pause, stop, another learning rate. */
export function Steering({ state, rate }: { state: RunState; rate: number | undefined }) {
  const [said, say] = useState('');
  const [typed, type] = useState('');
  const does = async (action: Parameters<typeof control>[0], value?: number) => {
    try {
      await control(action, value);
      say('');
    } catch (error) {
      say((error as Error).message);
    }
  };
  if (state.state !== 'running' && state.state !== 'paused') return null;
  const isPaused = state.state === 'paused';
  return (
    <form
      class="steering"
      onSubmit={(event) => {
        event.preventDefault();
        void does('learningRate', Number(typed));
      }}
    >
      <button type="button" onClick={() => void does(isPaused ? 'resume' : 'pause')}>
        {isPaused ? 'Go on' : 'Pause'}
      </button>
      <button type="button" onClick={() => void does('stop')}>
        Stop
      </button>
      {state.setsLearningRate && (
        <>
          <label>
            Learning rate{' '}
            <input
              type="number"
              step="any"
              min="0"
              required
              placeholder={rate === undefined ? '' : String(rate)}
              value={typed}
              onInput={(event) => type(event.currentTarget.value)}
            />
          </label>
          <button type="submit">Set</button>
        </>
      )}
      <p role="status">{said}</p>
    </form>
  );
}

export const status = {
  planned: '{{bytes}} planned',
  inUse: '{{used}} of {{planned}} in use',
  step: 'step {{step}} / {{total}}',
  loss: 'loss {{value}}',
  rate: '{{value}} tokens/s',
  left: '{{time}} left',
  live: {
    running: '{{phase}}: {{done}} of {{total}}',
    finished: 'The run has finished after {{steps}} steps',
    stopped: 'The run was stopped after {{steps}} steps',
    failed: 'The run has failed: {{message}}',
    paused: 'The run is paused at step {{step}}',
    recovering: 'The GPU went away at step {{step}}. The run goes on by itself as soon as it is back.',
  },
} as const

export const start = {
  title: 'Memory needed',
  unknown: 'Known as soon as model, data and recipe are there.',
  button: 'Start training',
  estimate: '(about {{time}} on this device)',
  seeRun: 'See the run',
  why: {
    model: 'Choose a model first.',
    opening: 'Opening the files …',
    data: 'Choose a dataset first.',
    recipe: 'Correct the marked settings first.',
    measuring: 'Measuring the speed of this device …',
    planning: 'Planning the memory …',
    wrongGpu: 'This graphics card computes wrongly, so that nothing is trained on it.',
    plan: 'This run cannot be planned as it is.',
  },
  private: 'Nothing is uploaded.',
  estimateHelp: 'From {{rate}} tokens/s, measured on this device with this model.',
} as const

export const stepRows = {
  open: 'Rows of a step',
  title: 'What a step was trained on',
  of: 'Rows of step {{step}}',
  range: 'from 1 to {{last}}',
  reading: 'The rows are being looked up',
  failed: 'The rows could not be looked up',
  summary: '{{rows}} in {{batches}}, epoch {{epoch}}.',
  rows_one: '{{count, number}} row',
  rows_other: '{{count, number}} rows',
  batches_one: '{{count, number}} batch',
  batches_other: '{{count, number}} batches',
  cut: 'The first {{count, number}} are shown.',
} as const

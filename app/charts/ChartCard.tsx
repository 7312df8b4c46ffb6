import { ActionIcon, Group, Modal, Text, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconArrowsMaximize, IconChartLine, IconTable } from '@tabler/icons-react'
import { type ReactNode, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Panel } from '../components/Panel.tsx'
import classes from './ChartCard.module.css'
import { type Column, DataTable } from './DataTable.tsx'
import { SavePicture } from './SavePicture.tsx'

interface ChartCardProps<Row> {
  title: string
  help?: string
  /** The latest figure, beside the title. */
  headline?: ReactNode
  /** One sentence that says what the picture shows, for those who do not see it. */
  summary: string
  controls?: ReactNode
  note?: ReactNode
  /** Shown instead of picture and table while there is nothing to draw. */
  empty?: string
  table: { columns: readonly Column<Row>[]; rows: readonly Row[] }
  className?: string
  /** Draws the picture; `enlarged` in the large view. */
  children: (height: number, enlarged: boolean) => ReactNode
}

const HEIGHT = 190
const ENLARGED_HEIGHT = 460

/** A chart that can be enlarged and read as a table. */
export function ChartCard<Row>(props: ChartCardProps<Row>) {
  const { title, help, headline, summary, controls, note, empty, table, className, children } = props
  const { t } = useTranslation()
  const id = useId()
  const [asTable, { toggle: toggleTable }] = useDisclosure(false)
  const [enlarged, { open: enlarge, close: shrink }] = useDisclosure(false)
  const figure = useRef<HTMLElement>(null)
  const largeFigure = useRef<HTMLElement>(null)
  const body = (height: number, large: boolean) =>
    empty ? (
      <div className={classes.empty} style={{ height }}>
        <Text size="sm" c="var(--nibble-ink-soft)">
          {empty}
        </Text>
      </div>
    ) : asTable ? (
      <DataTable caption={title} columns={table.columns} rows={table.rows} height={height} />
    ) : (
      <figure className={classes.figure} aria-label={summary} ref={large ? largeFigure : figure}>
        {children(height, large)}
      </figure>
    )
  const tableLabel = asTable ? t('cards.chart') : t('cards.table')
  return (
    <Panel
      id={id}
      title={title}
      help={help}
      className={className}
      actions={
        <Group gap={2} wrap="nowrap">
          {headline && (
            <Text size="sm" c="var(--nibble-ink-soft)" className={classes.headline}>
              {headline}
            </Text>
          )}
          <Tooltip label={tableLabel}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`${title}: ${tableLabel}`}
              onClick={toggleTable}
              disabled={Boolean(empty)}
            >
              {asTable ? <IconChartLine size={16} aria-hidden /> : <IconTable size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
          <SavePicture title={title} figure={figure} disabled={Boolean(empty) || asTable} />
          <Tooltip label={t('cards.enlarge')}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`${title}: ${t('cards.enlarge')}`}
              onClick={enlarge}
              disabled={Boolean(empty)}
            >
              <IconArrowsMaximize size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Group>
      }
    >
      {controls && !empty && <div className={classes.controls}>{controls}</div>}
      {body(HEIGHT, false)}
      {note && (
        <Text size="xs" c="var(--nibble-ink-soft)" mt={6}>
          {note}
        </Text>
      )}
      <Modal
        opened={enlarged}
        onClose={shrink}
        title={title}
        size="min(1200px, 94vw)"
        centered
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        {help && (
          <Text size="sm" c="var(--nibble-ink-soft)" mb="sm">
            {help}
          </Text>
        )}
        <div className={classes.controls}>
          {controls}
          <span className={classes.end}>
            <SavePicture title={title} figure={largeFigure} disabled={asTable} />
          </span>
        </div>
        {enlarged && body(ENLARGED_HEIGHT, true)}
      </Modal>
    </Panel>
  )
}

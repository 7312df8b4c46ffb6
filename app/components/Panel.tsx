import { Group, Paper, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './Panel.module.css'
import { Term } from './Term.tsx'

interface PanelProps {
  title?: ReactNode
  help?: string
  /** Controls at the right end of the title. */
  actions?: ReactNode
  /** 3 inside of another panel's section. */
  order?: 2 | 3
  id?: string
  className?: string
  children: ReactNode
}

/** The one surface of the studio: a title, controls, content. */
export function Panel({ title, help, actions, order = 2, id, className, children }: PanelProps) {
  return (
    <Paper
      component="section"
      className={`${classes.panel} ${className ?? ''}`}
      aria-labelledby={title && id ? id : undefined}
    >
      {(title || actions) && (
        <Group justify="space-between" gap="xs" wrap="nowrap" className={classes.head}>
          <div className={classes.title}>
            <Title order={order} size="h2" id={id}>
              {title}
            </Title>
            {help && (
              <span className={classes.term}>
                <Term help={help} />
              </span>
            )}
          </div>
          {actions}
        </Group>
      )}
      {children}
    </Paper>
  )
}

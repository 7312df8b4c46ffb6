import { Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { type ReactNode, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './Page.module.css'

interface PageProps {
  title: string
  lead?: string
  actions?: ReactNode
  children: ReactNode
}

/** A page of the studio: heading, one sentence, content. */
export function Page({ title, lead, actions, children }: PageProps) {
  const { t } = useTranslation()
  useDocumentTitle(`${title} · ${t('app.name')}`)
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = useRef(title)
  // A page that becomes another in place takes along who stood on what is gone: to its top, as every new page begins.
  useEffect(() => {
    if (shown.current === title) return
    shown.current = title
    if (document.activeElement !== document.body) return
    window.scrollTo(0, 0)
    heading.current?.focus({ preventScroll: true })
  }, [title])
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Title order={1} ref={heading} tabIndex={-1} className={classes.title}>
            {title}
          </Title>
          {lead && (
            <Text c="var(--nibble-ink-soft)" className={classes.lead}>
              {lead}
            </Text>
          )}
        </div>
        {actions}
      </header>
      {children}
    </div>
  )
}

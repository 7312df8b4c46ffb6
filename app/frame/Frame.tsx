import { AppShell, Burger, Group, Kbd, Modal, Table, Text } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { type ReactNode, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { Announcer } from '../components/Announcer.tsx'
import { useRun, useStudio } from '../stores/context.tsx'
import classes from './Frame.module.css'
import { Logo } from './Logo.tsx'
import { Rail } from './Rail.tsx'
import { StatusBar } from './StatusBar.tsx'

const PAGES = ['/', '/model', '/data', '/train', '/playground']

/** Elements that take the space bar for themselves: controls, and regions that it scrolls. */
const TAKES_SPACE = 'input, textarea, select, button, a, summary, [contenteditable], [tabindex="0"]'

/** Rail, status bar and the page between them, with the keys that work everywhere. */
export function Frame({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  const [menuOpen, { toggle: toggleMenu, close: closeMenu }] = useDisclosure(false)
  const [keysOpen, { open: openKeys, close: closeKeys }] = useDisclosure(false)
  useStudioKeys(openKeys)
  useFocusOnNewPage()
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !menuOpen } }}
      padding={{ base: 14, sm: 24 }}
    >
      <button type="button" className={classes.skip} onClick={focusPage}>
        {t('app.skip')}
      </button>
      <AppShell.Header className={classes.header}>
        <Group gap={10} wrap="nowrap" h="100%" px={16}>
          <Burger
            opened={menuOpen}
            onClick={toggleMenu}
            hiddenFrom="sm"
            size="sm"
            aria-label={t('app.menu')}
          />
          <Link href="/" className={classes.brand} aria-label={t('app.name')}>
            <Logo />
            <span>{t('app.name')}</span>
          </Link>
          <StatusBar onKeys={openKeys} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} component="div">
        <Rail onNavigate={closeMenu} />
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1} className={classes.main}>
        {children}
      </AppShell.Main>
      <RunAnnouncer />
      <Modal
        opened={keysOpen}
        onClose={closeKeys}
        title={t('app.keysTitle')}
        size="sm"
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        <Table withRowBorders={false}>
          <Table.Tbody>
            {(['steps', 'pause', 'keys'] as const).map((key) => (
              <Table.Tr key={key}>
                <Table.Td>
                  <Kbd>{t(`app.keyNames.${key}`)}</Kbd>
                </Table.Td>
                <Table.Td>
                  <Text size="sm">{t(`app.keysHelp.${key}`)}</Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Modal>
    </AppShell>
  )
}

/** Not a link: the address's fragment belongs to the router. */
function focusPage() {
  document.getElementById('page')?.focus()
}

function useStudioKeys(openKeys: () => void) {
  const [, navigate] = useLocation()
  const { pause, resume, stores } = useStudio()
  const togglePause = (event: KeyboardEvent) => {
    if (event.target instanceof Element && event.target.matches(TAKES_SPACE)) return
    const { status } = stores.run.getState()
    if (status !== 'running' && status !== 'paused') return
    event.preventDefault()
    void (status === 'paused' ? resume() : pause())
  }
  /** A question on the screen is answered first. */
  const unlessAsked = (act: () => void) => () => {
    if (!document.querySelector('[aria-modal="true"]')) act()
  }
  useHotkeys([
    ...PAGES.map((page, index): [string, () => void] => [String(index), unlessAsked(() => navigate(page))]),
    ['shift+?', unlessAsked(openKeys)],
    ['?', unlessAsked(openKeys)],
    ['space', togglePause, { preventDefault: false }],
  ])
}

/** Whoever goes to another page begins at its top: the screen, the keyboard and what is read aloud. */
function useFocusOnNewPage() {
  const [location] = useLocation()
  const shown = useRef(location)
  useEffect(() => {
    if (shown.current === location) return
    shown.current = location
    window.scrollTo(0, 0)
    document.querySelector<HTMLElement>('#page h1')?.focus({ preventScroll: true })
  }, [location])
}

/** The run in sentences, for those who listen to the page. */
function RunAnnouncer() {
  const { t } = useTranslation()
  const run = useRun((state) => state)
  const { status, step, phase, progress, summary, error } = run
  if (status === 'finished' && summary) {
    const key = summary.stopped ? 'status.live.stopped' : 'status.live.finished'
    return <Announcer urgent sentence={t(key, { steps: summary.steps })} />
  }
  if (status === 'failed')
    return <Announcer urgent sentence={t('status.live.failed', { message: error?.message ?? '' })} />
  if (status === 'paused' || status === 'recovering')
    return <Announcer urgent sentence={t(`status.live.${status}`, { step })} />
  const sentence =
    phase && progress
      ? t('status.live.running', {
          phase: t(`train.phases.${phase}`),
          done: progress.done,
          total: progress.total,
        })
      : ''
  return <Announcer urgent={false} sentence={sentence} />
}

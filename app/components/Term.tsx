import { ActionIcon, Popover, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconInfoCircle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

/** The ⓘ behind a plain word: opens on click, hover and focus, closes with Escape. */
export function Term({ help }: { help: string }) {
  const { t } = useTranslation()
  const [opened, { open, close, toggle }] = useDisclosure(false)
  return (
    <Popover
      opened={opened}
      onChange={(next) => !next && close()}
      width={280}
      position="top"
      withArrow
      shadow="md"
      trapFocus={false}
    >
      <Popover.Target>
        <ActionIcon
          variant="transparent"
          size="sm"
          color="gray"
          aria-label={t('app.about')}
          onClick={toggle}
          onMouseEnter={open}
          onMouseLeave={close}
        >
          <IconInfoCircle size={15} stroke={1.7} aria-hidden color="var(--nibble-ink-soft)" />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm">{help}</Text>
      </Popover.Dropdown>
    </Popover>
  )
}

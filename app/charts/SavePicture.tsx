import { ActionIcon, Menu } from '@mantine/core'
import { IconPhotoDown } from '@tabler/icons-react'
import type { RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { downloadFile } from '../components/download.ts'
import { drawPicture, pictureAsPng } from './picture.ts'

interface SavePictureProps {
  title: string
  figure: RefObject<HTMLElement | null>
  disabled: boolean
}

/** Downloads the chart as it is drawn. */
export function SavePicture({ title, figure, disabled }: SavePictureProps) {
  const { t } = useTranslation()
  const name = title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
  const save = async (kind: 'svg' | 'png') => {
    const picture = figure.current && drawPicture(figure.current, title)
    if (!picture) return
    if (kind === 'svg') downloadFile(`${name}.svg`, picture.svg, 'image/svg+xml')
    else downloadFile(`${name}.png`, await pictureAsPng(picture), 'image/png')
  }
  return (
    <Menu position="bottom-end" shadow="md" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`${title}: ${t('cards.savePicture')}`}
          title={t('cards.savePicture')}
          disabled={disabled}
        >
          <IconPhotoDown size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => save('png')}>{t('cards.asPng')}</Menu.Item>
        <Menu.Item onClick={() => save('svg')}>{t('cards.asSvg')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

import { Button } from '@mantine/core'
import { IconFolderDown } from '@tabler/icons-react'
import { useRef } from 'react'
import { DropArea } from './DropArea.tsx'

interface FolderDropProps {
  title: string
  activeTitle: string
  help: string
  /** Words of the two buttons. */
  folder: string
  files: string
  disabled?: boolean
  size?: 'compact-sm' | 'sm'
  onFiles: (files: File[]) => void
}

/** A target for a folder or its files: dropped, or chosen by one button for each. */
export function FolderDrop({ folder, files, size = 'sm', onFiles, ...area }: FolderDropProps) {
  const folderInput = useRef<HTMLInputElement>(null)
  const looks = { variant: 'default', size, disabled: area.disabled }
  return (
    <DropArea {...area} icon={IconFolderDown} onFiles={onFiles}>
      {(openFiles) => (
        <>
          <input
            ref={folderInput}
            type="file"
            hidden
            // @ts-expect-error React has no name for the folder switch of file inputs, and passes it on
            webkitdirectory=""
            aria-label={folder}
            onChange={(event) => {
              onFiles([...(event.currentTarget.files ?? [])])
              event.currentTarget.value = ''
            }}
          />
          <Button {...looks} onClick={() => folderInput.current?.click()}>
            {folder}
          </Button>
          <Button {...looks} onClick={openFiles}>
            {files}
          </Button>
        </>
      )}
    </DropArea>
  )
}

import { describe, expect, it } from 'vitest'
import { modelAmong } from './model-files.ts'

const dropped = (path: string) =>
  Object.assign(new File(['x'], path.slice(path.lastIndexOf('/') + 1)), { path })

const namesOf = (paths: string[]) => modelAmong(paths.map(dropped))?.files.map((file) => file.name)

describe('modelAmong', () => {
  it('takes the folder’s name and its files, not those of folders inside', () => {
    const found = modelAmong(
      ['/tiny/config.json', '/tiny/model.safetensors', '/tiny/README.md', '/tiny/onnx/config.json'].map(
        dropped,
      ),
    )
    expect(found?.name).toBe('tiny')
    expect(found?.files.map((file) => file.name)).toEqual(['config.json', 'model.safetensors'])
  })

  it('finds the model one folder down', () => {
    expect(namesOf(['/a/readme.json', '/a/b/config.json', '/a/b/model.safetensors'])).toEqual([
      'config.json',
      'model.safetensors',
    ])
  })

  it('takes loose files and names them after the weights', () => {
    const found = modelAmong(['./config.json', './model.safetensors', './tokenizer.json'].map(dropped))
    expect(found?.name).toBe('model.safetensors')
    expect(found?.files).toHaveLength(3)
  })

  it('passes on an incomplete model, so that the engine can say what is missing', () => {
    expect(namesOf(['/tiny/model.safetensors'])).toEqual(['model.safetensors'])
  })

  it('finds nothing among pictures', () => {
    expect(modelAmong(['/trip/one.jpg', '/trip/two.png'].map(dropped))).toBeNull()
    expect(modelAmong([])).toBeNull()
  })
})

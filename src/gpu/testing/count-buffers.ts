/** Bytes of all buffers that exist on any device, counted where they are made and destroyed; from now until `restore`. */
export function countBuffers(): { bytes(): number; restore(): void } {
  const alive = new Map<GPUBuffer, number>()
  const { createBuffer } = GPUDevice.prototype
  const { destroy } = GPUBuffer.prototype
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor)
    alive.set(buffer, descriptor.size)
    return buffer
  }
  GPUBuffer.prototype.destroy = function () {
    alive.delete(this)
    return destroy.call(this)
  }
  return {
    bytes: () => [...alive.values()].reduce((sum, size) => sum + size, 0),
    restore() {
      GPUDevice.prototype.createBuffer = createBuffer
      GPUBuffer.prototype.destroy = destroy
    },
  }
}

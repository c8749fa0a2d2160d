// A picture, and what is drawn over it: zones, the corners of one that is being drawn, and a cross.

import { el, svg } from './dom.js'

export class Picture {
  // number: of the source; name: what it shows
  constructor(number, name) {
    Object.assign(this, { number, size: null, halves: 1 })
    this.canvas = el('canvas', { width: 320, height: 240, 'aria-label': name })
    this.context = this.canvas.getContext('2d')
    this.zones = svg('g', { class: 'zones', id: `zones-${number}` })
    this.twin = svg('use', { href: `#zones-${number}`, hidden: true })
    this.cross = svg('g', { class: 'cross', hidden: true })
    this.draft = svg('g', { class: 'draft' })
    this.over = svg('svg', { class: 'over', preserveAspectRatio: 'none' }, this.zones, this.twin, this.draft, this.cross)
    this.frame = el('div', { class: 'frame' }, this.canvas, this.over)
  }

  get aspect() {
    return this.size ? this.size[1] * this.halves / this.size[0] : 4 / 3
  }

  fit() {
    if (!this.size) return
    const [height, width] = this.size
    this.over.setAttribute('viewBox', `0 0 ${width * this.halves} ${height}`)
    this.over.style.setProperty('--px', width * this.halves / (this.frame.clientWidth || width))
    this.twin.toggleAttribute('hidden', this.halves === 1)
    this.twin.setAttribute('x', width)
    this.frame.style.aspectRatio = `${width * this.halves} / ${height}`
  }

  async picture(index, blob) {
    const bitmap = await createImageBitmap(blob)
    if (this.canvas.width !== bitmap.width) this.canvas.width = bitmap.width
    if (this.canvas.height !== bitmap.height) this.canvas.height = bitmap.height
    this.context.drawImage(bitmap, 0, 0)
    bitmap.close()
    this.canvas.dataset.index = index
  }

  drawZones(zones) {
    const [height, width] = this.size ?? [240, 320]
    this.zones.replaceChildren(...zones.flatMap(zone => {
      const [row, col] = zone.points.reduce((top, point) => point[0] < top[0] ? point : top)
      return [
        svg('polygon', { class: `zone ${zone.kind}`, points: zone.points.map(([r, c]) => `${c},${r}`).join(' ') }),
        svg('text', { x: col, y: row, class: `zone ${zone.kind}${row < height * 0.06 ? ' below' : ''}`,
          'text-anchor': col > width * 0.65 ? 'end' : 'start' }, zone.name),
      ]
    }))
  }

  drawCross(pixel) {
    this.cross.toggleAttribute('hidden', !pixel)
    if (!pixel) return
    const [x, y] = [pixel.col + 0.5, pixel.row + 0.5]
    this.cross.replaceChildren(...['halo', ''].flatMap(kind => [
      svg('circle', { class: kind, cx: x, cy: y }),
      svg('path', { class: kind, d: `M${x} ${y}m-.001 0h.002` }),
    ]))
  }

  // Where an event points, in pixels of the frame: [row, col], with fractions; the second half of a pair is the same.
  place(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.over.getScreenCTM().inverse())
    if (!this.size) return [0, 0]
    const [height, width] = this.size
    const inside = (value, end) => Math.min(Math.max(value, 0), end)
    const x = point.x >= width && this.halves === 2 ? point.x - width : point.x
    return [inside(point.y, height), inside(x, width)]
  }
}

// One source on the stage: its picture, what is drawn over it, and its numbers.

import { brief, el, icon, milliseconds, percent, setText, svg } from './dom.js'

const WORDS = {
  connecting: 'connecting', live: 'live', paused: 'paused', lost: 'no picture', ended: 'ended', failed: 'failed',
}

export class Tile {
  // on: select(number), solo(number), point(number, row, col, event)
  constructor(number, name, on) {
    Object.assign(this, { number, name, on, view: 'overlay', size: null, index: 0 })
    this.canvas = el('canvas', { width: 320, height: 240, 'aria-label': name })
    this.context = this.canvas.getContext('2d')
    this.zones = svg('g', { class: 'zones', id: `zones-${number}` })
    this.twin = svg('use', { href: `#zones-${number}`, hidden: true })
    this.cross = svg('g', { class: 'cross', hidden: true })
    this.draft = svg('g', { class: 'draft' })
    this.over = svg('svg', { class: 'over', preserveAspectRatio: 'none' }, this.zones, this.twin, this.draft, this.cross)
    this.chip = el('span', { class: 'chip' })
    this.badges = el('p', { class: 'badges' })
    this.veil = el('p', { class: 'veil', hidden: true })
    this.frame = el('div', { class: 'frame' }, this.canvas, this.over, this.badges, this.veil)
    this.numbers = Object.fromEntries(['rate', 'latency', 'dropped', 'share'].map(key => [key, el('b', {}, '–')]))
    this.title = el('button', { class: 'name', title: name, onclick: () => on.select(number) }, brief(name))
    this.node = el('article', { class: 'tile', 'data-state': 'connecting', 'data-source': number },
      el('header', {}, this.title, this.chip,
        el('button', { class: 'plain enlarge', title: 'This one alone, or all (g)', 'aria-label': 'This one alone, or all',
          onclick: () => on.solo(number) }, icon('solo'))),
      this.frame,
      el('footer', {},
        el('span', { title: 'Frames a second that pass the model' }, this.numbers.rate, ' fps'),
        el('span', { title: 'From a frame’s arrival to its mask' }, this.numbers.latency, el('i', {}, ' late')),
        el('span', { title: 'Frames that came too soon for the model' }, this.numbers.dropped, ' dropped'),
        el('span', { title: 'Share of the mask that is foreground' }, this.numbers.share, el('i', {}, ' foreground'))))
    this.over.addEventListener('click', event => this.clicked(event))
  }

  get aspect() {
    return this.size ? this.size[1] * this.halves / this.size[0] : 4 / 3
  }

  get halves() {
    return this.view === 'versus' ? 2 : 1
  }

  show(view) {
    this.view = view
    this.node.dataset.view = view
    this.fit()
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
    this.index = index
    this.canvas.dataset.index = index
  }

  // True if the picture has another shape than before.
  status(status) {
    this.node.dataset.state = status.state
    setText(this.chip, WORDS[status.state] ?? status.state)
    const waiting = status.state === 'live' && !status.n_frames
    const words = waiting ? 'The model gets ready' : ['live', 'paused', 'ended'].includes(status.state) ? '' : status.words
    this.veil.hidden = !words && status.state !== 'connecting'
    setText(this.veil, words || 'Connecting')
    setText(this.numbers.rate, status.processing_rate.toFixed(status.processing_rate < 9.95 ? 1 : 0))
    setText(this.numbers.latency, milliseconds(1000 * status.latency))
    setText(this.numbers.dropped, String(status.n_dropped))
    setText(this.numbers.share, percent(status.foreground_share))
    const badges = [status.frozen && 'frozen', status.recording && 'recording'].filter(Boolean)
    if (badges.join() !== this.badges.dataset.now) {
      this.badges.dataset.now = badges.join()
      this.badges.replaceChildren(...badges.map(text => el('span', { class: text }, text)))
    }
    const size = status.height ? [status.height, status.width] : null
    if (String(size) === String(this.size)) return false
    this.size = size
    this.fit()
    return true
  }

  drawZones(zones) {
    const width = this.size?.[1] ?? 320
    this.zones.replaceChildren(...zones.flatMap(zone => {
      const [row, col] = zone.points.reduce((top, point) => point[0] < top[0] ? point : top)
      return [
        svg('polygon', { class: `zone ${zone.kind}`, points: zone.points.map(([r, c]) => `${c},${r}`).join(' ') }),
        svg('text', { x: col, y: row, class: `zone ${zone.kind}`, 'text-anchor': col > width * 0.75 ? 'end' : 'start' }, zone.name),
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

  clicked(event) {
    if (!this.size) return this.on.select(this.number)
    const [row, col] = this.place(event)
    this.on.point(this.number, Math.min(Math.floor(row), this.size[0] - 1), Math.min(Math.floor(col), this.size[1] - 1), event)
  }
}

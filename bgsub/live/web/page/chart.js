// A small live line chart of the last minutes.

import { el, setText, svg } from './dom.js'

const SPAN = 120 // seconds
const WIDTH = 480
const HEIGHT = 84
const STEPS = [1, 2, 5, 10]

function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return STEPS.find(step => step * power >= value * 0.999) * power
}

export class Chart {
  // pick: row of the history -> number; show: number -> text; least: the smallest top of the scale
  constructor(title, colour, pick, show, least) {
    Object.assign(this, { pick, show, least, rows: [], limit: null })
    this.value = el('output', {})
    this.hint = el('span', { class: 'hint' })
    this.area = svg('path', { class: 'area' })
    this.line = svg('path', { class: 'line' })
    this.mark = svg('path', { class: 'mark' })
    this.rule = svg('path', { class: 'budget' })
    this.top = el('span', { class: 'top' })
    this.plot = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': title },
      svg('path', { class: 'ground', d: `M0 .5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}` }),
      this.area, this.rule, this.line, this.mark)
    this.plot.addEventListener('pointermove', event => this.point(event))
    this.plot.addEventListener('pointerleave', () => { this.at = null; this.draw() })
    this.node = el('figure', { class: 'chart', style: `--line: var(--${colour})` },
      el('figcaption', {}, el('span', {}, title), this.hint, this.value),
      el('div', { class: 'plot' }, this.plot, this.top),
      el('p', { class: 'axis' }, el('span', {}, '2 min ago'), el('span', {}, 'now')))
  }

  // gone: whether there is no value at the moment
  set(rows, now, gone, limit = null) {
    this.rows = rows.filter(row => row[0] > now - SPAN)
    this.gone = gone
    this.now = now
    this.limit = limit
    this.draw()
  }

  draw() {
    const rows = this.rows
    const highest = Math.max(this.least, ...rows.map(this.pick))
    const top = niceAbove(highest * 1.05)
    const x = row => WIDTH * (1 - (this.now - row[0]) / SPAN)
    const y = value => HEIGHT - 1 - (HEIGHT - 3) * value / top
    let line = ''
    rows.forEach((row, i) => {
      const gap = i === 0 || row[0] - rows[i - 1][0] > 2.5 // paused or without a picture: no line through that
      line += `${gap ? 'M' : 'L'}${x(row).toFixed(1)} ${y(this.pick(row)).toFixed(1)}${gap ? 'h.01' : ''}` // a lone one is a dot
    })
    const parts = line.split('M').slice(1)
    const foot = part => part.match(/[\d.-]+ /g).map(Number)
    this.line.setAttribute('d', line)
    this.area.setAttribute('d', parts.map(part => {
      const xs = foot(part.replaceAll('L', ' L'))
      return `M${xs[0]} ${HEIGHT}L${part}L${xs.at(-1)} ${HEIGHT}Z`
    }).join(''))
    this.rule.setAttribute('d', this.limit && this.limit < top ? `M0 ${y(this.limit)}H${WIDTH}` : '')
    setText(this.top, this.show(top))
    this.tell(rows, x, y)
  }

  tell(rows, x, y) {
    const pointed = this.at === null || this.at === undefined ? null
      : rows.reduce((best, row) => !best || Math.abs(x(row) - this.at) < Math.abs(x(best) - this.at) ? row : best, null)
    const row = pointed ?? (this.gone ? null : rows.at(-1))
    setText(this.value, row ? this.show(this.pick(row)) : '–')
    setText(this.hint, pointed ? `${Math.round(this.now - pointed[0])} s ago` : '')
    this.mark.setAttribute('d', pointed ? `M${x(pointed)} 0V${HEIGHT}` : '')
  }

  point(event) {
    const box = this.plot.getBoundingClientRect()
    this.at = WIDTH * (event.clientX - box.left) / box.width
    this.draw()
  }
}

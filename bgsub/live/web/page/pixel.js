// One pixel's mixture as a plot, and what it says of the pixel's colour.

import { byId, capital, el, percent, svg } from './dom.js'

const WIDTH = 320
const ROW = 62
const LEFT = 18
const RIGHT = 12
const TOP = 14
const NAMES = { 1: ['grey'], 3: ['red', 'green', 'blue'] }
const LETTERS = { red: 'R', green: 'G', blue: 'B', grey: '' }

// Channels come as blue, green, red.
const inOrder = levels => levels.length === 3 ? [...levels].reverse() : levels
const css = levels => {
  const [r, g, b] = levels.length === 3 ? inOrder(levels) : [levels[0], levels[0], levels[0]]
  return `rgb(${[r, g, b].map(Math.round).join(' ')})`
}

// The grey levels that matter, in whole steps, so that the scale stands still while the mixture moves a little.
function range(told) {
  const ends = told.components.flatMap(c => c.mean.flatMap(m => [m - 4 * c.spread, m + 4 * c.spread])).concat(told.seen)
  let low = Math.max(0, Math.floor((Math.min(...ends) - 4) / 16) * 16)
  let high = Math.min(256, Math.ceil((Math.max(...ends) + 4) / 16) * 16)
  while (high - low < 64) { low = Math.max(0, low - 16); high = Math.min(256, high + 16) }
  return [low, high]
}

function bell(mean, spread, weight, x, height) {
  const points = []
  const from = mean - 4 * spread
  for (let i = 0; i <= 48; i++) {
    const level = from + spread * i / 6
    points.push(`${x(level).toFixed(1)} ${(height - (height - 8) * weight * Math.exp(-(((level - mean) / spread) ** 2) / 2)).toFixed(1)}`)
  }
  return `M${points.join('L')}`
}

function plot(told) {
  const [low, high] = range(told)
  const x = level => LEFT + (WIDTH - LEFT - RIGHT) * (level - low) / (high - low)
  const names = NAMES[told.seen.length] ?? told.seen.map((_, i) => String(i))
  const seen = inOrder(told.seen)
  const rows = names.map((name, i) => {
    const bells = [...told.components].sort((a, b) => b.weight - a.weight).map(c => svg('path', {
      class: `bell ${c.is_background ? 'background' : 'other'}`, style: `--mean: ${css(c.mean)}`,
      d: bell(inOrder(c.mean)[i], Math.max(c.spread, 0.5), c.weight, x, ROW),
    }))
    return svg('g', { transform: `translate(0 ${TOP + i * (ROW + 6)})` },
      svg('text', { class: 'channel', x: 2, y: ROW - 3 }, LETTERS[name] ?? ''),
      svg('path', { class: 'base', d: `M${LEFT} ${ROW}H${WIDTH - RIGHT}` }), bells,
      svg('path', { class: `now ${told.verdict}`, d: `M${x(seen[i])} 0V${ROW}` }),
      svg('path', { class: `tip ${told.verdict}`, d: `M${x(seen[i]) - 4} -5h8l-4 6z` }))
  })
  const bottom = TOP + names.length * (ROW + 6)
  const step = high - low > 128 ? 64 : 32
  const ticks = []
  for (let level = Math.ceil(low / step) * step; level <= Math.min(high, 255); level += step) ticks.push(level)
  return svg('svg', { class: 'mixture', viewBox: `0 0 ${WIDTH} ${bottom + 14}`, role: 'img',
    'aria-label': `The Gaussians of pixel ${told.row}, ${told.col}` },
  rows, ticks.map(level => svg('text', { class: 'tick', x: x(level), y: bottom + 9 }, String(level))))
}

function sentence(told) {
  const known = told.components.filter(c => c.is_background && c.distance !== null)
  if (!known.length) return 'It has no background yet.'
  const nearest = known.reduce((a, b) => a.distance <= b.distance ? a : b)
  const away = `${nearest.distance.toFixed(1)} σ from the nearest background colour`
  const how = nearest.distance <= told.limit ? 'within' : 'beyond'
  return `Its colour is ${away}, ${how} the limit of ${told.limit.toFixed(1)} σ.`
}

const maskWord = value => value === 255 ? 'foreground' : value === 0 ? 'background' : 'shadow'

function table(told) {
  return el('table', {},
    el('thead', {}, el('tr', {}, ['', 'weight', 'σ', 'distance'].map(title => el('th', {}, title)))),
    el('tbody', {}, told.components.map(c => el('tr', { class: c.is_background ? 'background' : 'other' },
      el('th', {}, el('i', { class: 'swatch', style: `background: ${css(c.mean)}` }), c.is_background ? 'background' : 'other'),
      el('td', {}, el('span', { class: 'weight', style: `--w: ${c.weight}` }, percent(c.weight))),
      el('td', {}, c.sigma.toFixed(1)),
      el('td', {}, c.distance === null ? '–' : `${c.distance > 99 ? '> 99' : c.distance.toFixed(1)} σ`)))))
}

export class Pixel {
  // ask: (source, row, col) -> promise of what the model knows
  constructor(ask) {
    this.ask = ask
    this.where = null
    this.node = el('div', { class: 'pixel' })
    this.nothing()
  }

  nothing() {
    this.where = null
    this.node.replaceChildren(el('p', { class: 'lead' }, 'Click a pixel in the picture to see its mixture: the colours that '
      + 'the model knows there, and whether the one it sees now belongs to the background.'))
  }

  look(source, row, col) {
    this.where = { source, row, col }
    return this.refresh()
  }

  async refresh() {
    const where = this.where
    if (!where || this.busy) return
    this.busy = true
    try {
      const told = await this.ask(where.source, where.row, where.col)
      if (where === this.where) this.show(told)
    } catch (error) {
      if (where === this.where) this.node.replaceChildren(el('p', { class: 'lead' }, error.message))
    } finally {
      this.busy = false
    }
    if (where !== this.where) await this.refresh()
  }

  show(told) {
    const said = told.verdict, final = maskWord(told.mask)
    const differs = final !== said && el('p', {}, `In the mask it is ${final}: cleaning, zones or what is around it decided so.`)
    this.node.replaceChildren(
      el('h2', { class: `verdict ${said}` }, el('i', { class: 'swatch', style: `background: ${css(told.colour)}` }),
        el('b', {}, capital(said)), el('small', {}, `row ${told.row}, col ${told.col}`)),
      el('p', {}, sentence(told)), ...[differs].filter(Boolean), plot(told),
      el('p', { class: 'legend' }, 'Each hill is a Gaussian: its height the weight, its width σ, its colour the mean. ',
        el('span', { class: 'solid' }, 'Solid'), ': background. ', el('span', { class: 'dashed' }, 'Dashed'),
        ': not. The line is the colour now.'),
      table(told))
  }
}

export const isShown = () => !byId('sheet-pixel').hidden

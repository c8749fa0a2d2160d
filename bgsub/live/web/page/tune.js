// Sliders, switches and choices for the parameters of the model and of its cleaning.

import { capital, el, icon } from './dom.js'

const STEPS = 1000
const UNITS = {
  seconds: 's', 'standard deviations': 'σ', variances: 'σ²', 'grey levels²': 'grey²', frames: 'frames', 'per frame': 'a frame',
  'pixels at 320x240': 'px', 'share of the frame': 'of frame',
}

const curves = {
  even: { to: (t, low, high) => low + t * (high - low), from: (v, low, high) => (v - low) / (high - low) },
  square: {
    to: (t, low, high) => low + t * t * (high - low),
    from: (v, low, high) => Math.sqrt(Math.max(0, (v - low) / (high - low))),
  },
  ratio: {
    to: (t, low, high) => low * (high / low) ** t,
    from: (v, low, high) => Math.log(Math.max(v, low) / low) / Math.log(high / low),
  },
}

function rounded(value, whole) {
  return whole ? Math.round(value) : Number(value.toPrecision(value < 1 ? 2 : 3))
}

const titled = name => capital(name.replaceAll('_', ' '))

class Knob {
  constructor(about, set) {
    Object.assign(this, { about, set, value: about.value, touched: 0 })
    const id = `knob-${about.name}`
    const control = this.control(id)
    this.back = el('button', { class: 'plain back', title: 'Back to the default', 'aria-label': `${titled(about.name)}: default`,
      onclick: () => this.change(about.default) }, icon('undo'))
    this.help = el('p', { class: 'help', hidden: true }, about.help,
      about.range && el('span', {}, ` ${capital(about.range)}; default ${about.default}.`))
    const label = el('label', { for: id, title: about.help }, titled(about.name))
    const why = el('button', { class: 'plain why', 'aria-label': `What is ${titled(about.name)}?`, 'aria-expanded': 'false',
      onclick: () => {
        this.help.hidden = !this.help.hidden
        why.setAttribute('aria-expanded', String(!this.help.hidden))
      } }, '?')
    this.node = el('div', { class: 'knob', 'data-name': about.name },
      el('div', { class: 'head' }, label, why, this.back, ...control.head), ...control.below, this.help)
    this.show(about.value)
  }

  control(id) {
    const { about } = this
    if (about.kind === 'switch') {
      this.input = el('input', { type: 'checkbox', role: 'switch', id, onchange: () => this.change(this.input.checked) })
      return { head: [this.input], below: [] }
    }
    if (about.kind === 'choice') {
      this.input = el('select', { id, onchange: () => this.change(this.input.value) }, about.choices.map(c => el('option', {}, c)))
      return { head: [this.input], below: [] }
    }
    this.curve = curves[about.scale]
    this.input = el('input', { type: 'range', id, min: 0, max: STEPS, step: 1, oninput: () => this.slide(),
      ondblclick: () => this.change(about.default), onkeydown: event => this.nudge(event) })
    this.number = el('input', { type: 'text', inputmode: 'decimal', class: 'number', 'aria-label': `${titled(about.name)}, value`,
      onchange: () => this.type(), onfocus: () => this.number.select() })
    const base = this.curve.from(about.default, about.low, about.high)
    return {
      head: [el('span', { class: 'value' }, this.number, el('span', { class: 'unit' }, UNITS[about.unit] ?? ''))],
      below: [el('div', { class: 'track', style: `--base: ${Math.min(1, Math.max(0, base))}` }, this.input)],
    }
  }

  slide() {
    const { low, high, whole } = this.about
    this.change(rounded(this.curve.to(this.input.value / STEPS, low, high), whole))
  }

  nudge(event) {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key]
    if (!way) return
    event.preventDefault() // whole numbers are farther apart than the browser's steps
    const { low, high, whole } = this.about
    let t = this.input.value / STEPS
    for (let i = 0; i < STEPS; i++) {
      t = Math.min(1, Math.max(0, t + way * 0.01))
      const value = rounded(this.curve.to(t, low, high), whole)
      if (value !== this.value || t === 0 || t === 1) return this.change(value)
    }
  }

  type() {
    const typed = Number(this.number.value.replace(',', '.'))
    if (this.number.value.trim() === '' || Number.isNaN(typed)) return this.show(this.value)
    this.change(typed)
  }

  change(value) {
    this.touched = performance.now()
    const before = this.value
    this.show(value)
    this.set(this.about.name, value, () => this.show(before))
  }

  // What others have set; not while it is being turned here.
  told(value) {
    const busy = performance.now() - this.touched < 1500 || document.activeElement === this.number
    if (!busy && value !== undefined && value !== this.value) this.show(value)
  }

  show(value) {
    this.value = value
    const { about } = this
    if (about.kind === 'switch') this.input.checked = value
    else if (about.kind === 'choice') this.input.value = value
    else {
      const t = Math.min(1, Math.max(0, this.curve.from(value, about.low, about.high)))
      this.input.value = Math.round(t * STEPS)
      this.input.parentNode?.style.setProperty('--at', t)
      this.input.setAttribute('aria-valuetext', `${value} ${about.unit}`)
      this.number.value = String(value)
      this.number.style.width = `${Math.max(2, String(value).length) + 0.4}ch`
    }
    this.back.toggleAttribute('hidden', value === about.default)
  }
}

export class Tune {
  // send: (name, value) -> promise
  constructor(send, failed) {
    this.node = el('div', { class: 'tune' })
    this.knobs = []
    this.pending = new Map()
    Object.assign(this, { send, failed })
  }

  build(source, several) {
    this.knobs = source.knobs.map(about => new Knob(about, (...given) => this.set(...given)))
    this.pending.clear()
    const sections = ['Model', 'Cleaning'].map(group => {
      const here = this.knobs.filter(knob => knob.about.group === group)
      if (!here.length) return null
      const rest = here.filter(knob => !knob.about.first)
      return el('section', {},
        el('h2', {}, group, group === 'Model' && el('small', {}, source.model)),
        here.filter(knob => knob.about.first).map(knob => knob.node),
        rest.length > 0 && el('details', {}, el('summary', {}, 'More'), rest.map(knob => knob.node)))
    })
    this.all = el('input', { type: 'checkbox', id: 'all-sources' })
    const all = several && el('label', { class: 'all', for: 'all-sources' }, this.all, 'Turn them for all sources')
    this.node.replaceChildren(...[all, ...sections].filter(Boolean))
  }

  told(values) {
    for (const knob of this.knobs) knob.told(values[knob.about.name])
  }

  // One order at a time for each parameter, and always the newest value: a slider gives a hundred a second.
  async set(name, value, undo) {
    const waiting = this.pending.has(name)
    this.pending.set(name, { value, undo })
    if (waiting) return
    while (this.pending.has(name)) {
      const order = this.pending.get(name)
      try {
        await this.send(name, order.value, this.all.checked)
      } catch (error) {
        this.pending.delete(name)
        order.undo()
        return this.failed(error)
      }
      if (this.pending.get(name) === order) this.pending.delete(name)
    }
  }
}

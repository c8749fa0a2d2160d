// What a zone sets for itself, in place of the general thresholds of motion.

import { capital, el, setText } from './dom.js'

const UNITS = { seconds: 's', 'share of the frame': 'of frame', 'share of the zone': 'of zone' }
const titled = name => name.replaceAll('_', ' ')
// A minus in front lets the server say what is allowed.
const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/

export class Thresholds {
  // about: [{name, value, help, unit}]; set: (name, number or null) -> promise
  constructor(about, zone, set, failed) {
    Object.assign(this, { about, set, failed, own: Object.fromEntries(about.map(({ name }) => [name, zone[name] ?? null])) })
    this.summary = el('summary', {})
    this.node = el('details', { class: 'own' }, this.summary, about.map(one => this.field(one)))
    this.sum()
  }

  field({ name, value, help, unit }) {
    const input = el('input', { type: 'text', inputmode: 'decimal', 'data-name': name, placeholder: value,
      value: this.own[name], 'aria-label': capital(titled(name)), onchange: () => this.typed(name, input) })
    return el('label', { title: help }, el('span', {}, capital(titled(name))), input, el('small', {}, UNITS[unit] ?? unit),
      el('em', {}, help))
  }

  typed(name, input) {
    const text = input.value.trim().replace(',', '.')
    const before = this.own[name]
    if (text && !NUMBER.test(text)) {
      input.value = before ?? ''
      return this.failed(new Error(`${capital(titled(name))} must be a number; empty, the general one holds.`))
    }
    this.own[name] = text ? Number(text) : null
    input.value = this.own[name] ?? ''
    this.sum()
    if (this.own[name] !== before) this.set(name, this.own[name])
    return undefined
  }

  // Which are its own, legible without unfolding.
  sum() {
    const own = this.about.filter(({ name }) => this.own[name] !== null)
    setText(this.summary, own.length
      ? own.map(({ name, unit }) => `${titled(name)} ${this.own[name]}${unit === 'seconds' ? ' s' : ''}`).join(', ')
      : 'General thresholds')
  }
}

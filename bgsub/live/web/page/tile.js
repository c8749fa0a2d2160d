// One source on the stage: its picture, what is drawn over it, and its numbers.

import { brief, el, icon, milliseconds, percent, setText } from './dom.js'
import { Picture } from './picture.js'

const WORDS = {
  connecting: 'connecting', live: 'live', paused: 'paused', lost: 'no picture', ended: 'ended', failed: 'failed',
}

const TAIL = 20 // letters at the end of a name, where those of one recorder's cameras differ: they are cut last

export const GONE = ['connecting', 'lost', 'ended', 'failed'] // states in which nothing passes the model

export class Tile extends Picture {
  // on: select(number), solo(number), point(number, row, col, event)
  constructor(number, name, on) {
    super(number, name)
    Object.assign(this, { name, on })
    this.chip = el('span', { class: 'chip' })
    this.badges = el('p', { class: 'badges' })
    this.veil = el('p', { class: 'veil', hidden: true })
    this.frame.append(this.badges, this.veil)
    this.numbers = Object.fromEntries(['rate', 'latency', 'dropped', 'share'].map(key => [key, el('b', {}, '–')]))
    this.title = el('button', { class: 'name', title: name, 'aria-label': brief(name), onclick: () => on.select(number) },
      el('span', { class: 'head' }, brief(name).slice(0, -TAIL)), el('span', { class: 'tail' }, brief(name).slice(-TAIL)))
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
    this.frame.addEventListener('click', event => this.clicked(event))
  }

  show(view) {
    this.halves = view === 'versus' ? 2 : 1
    this.node.dataset.view = view
    this.fit()
  }

  // True if the picture has another shape than before.
  status(status) {
    this.node.dataset.state = status.state
    setText(this.chip, WORDS[status.state] ?? status.state)
    const waiting = status.state === 'live' && !status.n_frames
    const words = waiting ? 'The model gets ready' : ['live', 'paused', 'ended'].includes(status.state) ? '' : status.words
    this.veil.hidden = !words && status.state !== 'connecting'
    setText(this.veil, words || 'Connecting')
    const now = words => GONE.includes(status.state) ? '–' : words
    setText(this.numbers.rate, now(status.processing_rate.toFixed(status.processing_rate < 9.95 ? 1 : 0)))
    setText(this.numbers.latency, now(milliseconds(1000 * status.latency)))
    setText(this.numbers.dropped, String(status.n_dropped))
    setText(this.numbers.share, now(percent(status.foreground_share)))
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

  clicked(event) {
    if (!this.size) return this.on.select(this.number)
    const [row, col] = this.place(event)
    this.on.point(this.number, Math.min(Math.floor(row), this.size[0] - 1), Math.min(Math.floor(col), this.size[1] - 1), event)
  }
}

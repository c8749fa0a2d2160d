// The commands below the pictures, for the source that is selected.

import { el, icon, setText } from './dom.js'

const PATIENCE = 2500 // milliseconds for an order to be carried out
const NEED_FRAMES = ['pause', 'step', 'freeze', 'reset', 'record']

export class Tools {
  // order: (command, body) -> promise; address: () -> of the newest picture
  constructor(order, address) {
    this.order = order
    this.status = {}
    this.pressed = {}
    const button = (name, drawing, words, title) => {
      const text = el('span', {}, words)
      const node = el('button', { 'data-do': name, title, onclick: () => this.press(name) }, icon(drawing), text)
      return { node, text, use: node.querySelector('use') }
    }
    this.buttons = {
      pause: button('pause', 'pause', 'Pause', 'Look at no further frame (space)'),
      step: button('step', 'step', 'Step', 'Look at one more frame, and pause (n)'),
      freeze: button('freeze', 'freeze', 'Freeze', 'Stop learning; masks are given all the same (f)'),
      reset: button('reset', 'reset', 'Reset', 'Forget everything learned (x)'),
      snapshot: button('snapshot', 'snapshot', 'Snapshot', 'Write picture, mask, overlay and background where bgsub runs (s)'),
      record: button('record', 'record', 'Record', 'Record mask and overlay where bgsub runs (r)'),
    }
    this.save = el('a', { class: 'button', title: 'Save this view on this device', download: '', href: '#',
      onclick: () => { this.save.href = address(); this.save.download = `bgsub-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.png` } },
    icon('save'), el('span', {}, 'Save view'))
    this.nodes = [...Object.values(this.buttons).map(button => button.node), this.save]
  }

  press(name) {
    if (this.buttons[name].node.disabled) return undefined
    const { state, frozen, recording } = this.status
    if (name === 'pause') return this.turned('state', state === 'paused' ? 'live' : 'paused', state === 'paused' ? 'resume' : 'pause')
    if (name === 'freeze') return this.turned('frozen', !frozen, 'freeze')
    if (name === 'record') return this.turned('recording', !recording, 'record')
    return this.order(name, {})
  }

  // Shown at once, since the next status may take half a second, and a second press means the opposite.
  turned(what, value, name) {
    this.pressed = { ...this.pressed, [what]: { value, until: performance.now() + PATIENCE } }
    this.told(this.status)
    return this.order(name, what === 'state' ? {} : { on: value })
  }

  forget() {
    this.pressed = {}
  }

  told(status) {
    this.status = { ...status }
    for (const [what, { value, until }] of Object.entries(this.pressed)) {
      if (status[what] === value || performance.now() > until) delete this.pressed[what]
      else this.status[what] = value
    }
    status = this.status
    const over = ['ended', 'failed'].includes(status.state)
    for (const name of NEED_FRAMES) this.buttons[name].node.disabled = over
    this.turn('pause', status.state === 'paused', 'play', 'Go on', 'pause', 'Pause')
    this.turn('freeze', status.frozen, 'freeze', 'Learn', 'freeze', 'Freeze')
    this.turn('record', status.recording, 'stop', 'Stop', 'record', 'Record')
  }

  turn(name, on, drawing, words, otherDrawing, otherWords) {
    const { node, text, use } = this.buttons[name]
    node.setAttribute('aria-pressed', String(on))
    use.setAttribute('href', `#i-${on ? drawing : otherDrawing}`)
    setText(text, on ? words : otherWords)
  }
}

// The connection to bgsub: one WebSocket for pictures and numbers, and HTTP for orders.

const HEADER = 16
const SILENCE = 5000 // milliseconds without a word after which the connection counts as gone
const STOPPED = 1012

export class Link {
  // on: overview(told), status(told), picture(source, view, index, clock, blob) -> promise, up(), down(words)
  constructor(on) {
    this.on = on
    this.wanted = []
    this.failures = 0
    this.connect()
    setInterval(() => this.listen(), 1000)
  }

  connect() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    this.socket = new WebSocket(`${scheme}://${location.host}/live`)
    this.socket.binaryType = 'arraybuffer'
    this.heard = performance.now()
    this.bye = false
    this.socket.onmessage = event => this.receive(event.data)
    this.socket.onclose = event => this.lost(event)
  }

  receive(data) {
    this.heard = performance.now()
    if (typeof data !== 'string') return this.picture(data)
    const told = JSON.parse(data)
    if (told.kind === 'overview') {
      this.failures = 0
      this.on.up()
      this.on.overview(told)
      this.show(this.wanted)
    } else if (told.kind === 'bye') {
      this.bye = true
      this.socket.close()
    } else this.on.status(told)
  }

  async picture(data) {
    const header = new DataView(data, 0, HEADER)
    const source = header.getUint16(0, true)
    const socket = this.socket
    try {
      await this.on.picture(source, header.getUint16(2, true), header.getUint32(4, true), header.getFloat64(8, true),
        new Blob([new Uint8Array(data, HEADER)], { type: 'image/jpeg' }))
    } finally {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ seen: source }))
    }
  }

  // wanted: [[source, view, width], …], exactly what is to be streamed
  show(wanted) {
    this.wanted = wanted
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ show: wanted }))
  }

  listen() {
    const open = this.socket.readyState === WebSocket.OPEN
    if (open && !document.hidden && performance.now() - this.heard > SILENCE) this.socket.close()
  }

  async lost(event) {
    this.failures += 1
    const wait = Math.min(10000, 500 * 2 ** Math.min(this.failures - 1, 5))
    this.on.down(this.bye || event.code === STOPPED ? 'bgsub was stopped.'
      : event.code === 1013 ? 'Too many browsers are watching.'
      : event.reason ? `bgsub closed the connection: ${event.reason}.`
      : 'No connection to bgsub: it was stopped, or the network is down.')
    if (this.failures > 1 && await this.refused()) return location.reload() // a new token is asked for
    setTimeout(() => this.connect(), wait)
  }

  async refused() {
    try { return (await fetch('/api/sources')).status === 401 } catch { return false }
  }
}

async function answer(response) {
  const told = await response.json().catch(() => ({}))
  if (!response.ok) throw new Error(told.error ?? `bgsub answered ${response.status}`)
  return told
}

export async function ask(address, options) {
  let response
  try { response = await fetch(address, options) } catch { throw new Error('No connection to bgsub.') }
  return answer(response)
}

export const send = (address, body) => ask(address, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
})

export const get = (source, what, query) => ask(`/api/sources/${source}/${what}?${new URLSearchParams(query)}`)

export const post = (source, what, body = {}) => send(`/api/sources/${source}/${what}`, body)

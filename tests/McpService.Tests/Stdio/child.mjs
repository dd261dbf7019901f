// An MCP server on standard input and output, written by hand, so that it can misbehave. Arguments: mode, text.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const [mode, text] = process.argv.slice(2)
if (mode === 'crash') {
  console.error('It is broken on purpose.')
  process.exit(3)
}

if (mode === 'stubborn') {
  process.on('SIGTERM', () => {})
  setInterval(() => {}, 1000)
}

const modern = mode === 'modern'
const send = message => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n')
const say = (id, value) => send({ id, result: { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }], futureMember: 1.10, ...(modern ? { resultType: 'complete' } : {}) } })
const names = ['echo', 'env', 'pid', 'slow', 'cancelled', 'progress', 'log', 'ask', 'die', 'flood', 'noise', 'spawn', 'hog', 'text']
const tools = names.map(name => ({ name, inputSchema: { type: 'object' } }))
const capabilities = { tools: {}, logging: {} }
const serverInfo = { name: 'child', version: '1' }
const waiting = new Map()
const cancelled = []
let asked = 0

console.log('Welcome! This line is no JSON and hurts nobody.')
createInterface({ input: process.stdin }).on('line', line => take(JSON.parse(line))).on('close', () => mode === 'stubborn' || process.exit(0))

function take({ id, method, params, result, error }) {
  if (method === undefined) {
    waiting.get(id)?.(result ?? error)
  } else if (method === 'notifications/cancelled') {
    cancelled.push(params.requestId)
  } else if (method === 'initialize' && !modern) {
    send({ id, result: { protocolVersion: '2025-11-25', capabilities, serverInfo } })
  } else if (method === 'server/discover' && modern) {
    send({ id, result: { supportedVersions: ['2026-07-28'], capabilities, serverInfo, resultType: 'complete' } })
  } else if (method === 'tools/list') {
    send({ id, result: { tools, ...(modern ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}) } })
  } else if (method === 'ping' || method === 'logging/setLevel') {
    send({ id, result: {} })
  } else if (method === 'tools/call') {
    call(id, params)
  } else if (id !== undefined) {
    send({ id, error: { code: -32601, message: 'Method not found' } })
  }
}

async function call(id, { name, arguments: given = {}, _meta }) {
  switch (name) {
    case 'echo': return setTimeout(() => say(id, given.message ?? ''), given.after ?? 0)
    case 'text': return say(id, text ?? '')
    case 'env': return say(id, Object.keys(process.env).sort())
    case 'pid': return say(id, process.pid)
    case 'slow': return undefined
    case 'cancelled': return say(id, cancelled)
    case 'progress':
      for (let i = 1; i <= 3; i++) {
        send({ method: 'notifications/progress', params: { progressToken: _meta?.progressToken, progress: i, total: 3, message: given.message } })
        await new Promise(done => setTimeout(done, 5))
      }

      return say(id, given.message ?? '')
    case 'log':
      send({ method: 'notifications/message', params: { level: 'warning', data: 'look here' } })
      return say(id, 'logged')
    case 'ask':
      send({ id: `q${++asked}`, method: 'elicitation/create', params: { mode: 'form', message: 'Really?', requestedSchema: { type: 'object', properties: { sure: { type: 'boolean' } } } } })
      return waiting.set(`q${asked}`, answer => say(id, answer))
    case 'die': return process.exit(5)
    case 'flood':
      for (let i = 0; i < 20; i++) {
        process.stdout.write('x'.repeat(1024 * 1024))
      }

      return undefined
    case 'noise':
      for (let i = 0; i < 20; i++) {
        process.stderr.write('y'.repeat(1024 * 1024))
      }

      return say(id, 'quiet again')
    case 'spawn': return say(id, spawn('sleep', ['1000'], { stdio: 'ignore' }).pid)
    case 'hog': {
      const kept = []
      for (;;) {
        kept.push(Buffer.alloc(16 * 1024 * 1024, 1))
      }
    }
  }
}

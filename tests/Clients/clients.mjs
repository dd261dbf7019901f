// What the official TypeScript clients get of the everything server through an MCP endpoint, one JSON line for each check: {"check", "ok", "said"}.
// node clients.mjs v1|v2|v2-modern URL TOKEN
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';

const [, , which, url, token] = process.argv;
const options = { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: { listChanged: true } };
const identity = { name: 'clients.mjs', version: '1' };
const heard = { logs: 0, updates: 0 };
const asked = {
  elicitation: async () => ({ action: 'accept', content: { name: 'Ada', check: true } }),
  sampling: async () => ({ model: 'a-model', role: 'assistant', content: { type: 'text', text: 'sampled' } }),
  roots: async () => ({ roots: [{ uri: 'file:///of-the-client', name: 'of-the-client' }] }),
};

let client;
if (which === 'v1') {
  client = new ClientV1(identity, { capabilities: { ...capabilities, elicitation: {} } });
  client.setRequestHandler(types.ElicitRequestSchema, asked.elicitation);
  client.setRequestHandler(types.CreateMessageRequestSchema, asked.sampling);
  client.setRequestHandler(types.ListRootsRequestSchema, asked.roots);
  client.setNotificationHandler(types.LoggingMessageNotificationSchema, () => { heard.logs++; });
  client.setNotificationHandler(types.ResourceUpdatedNotificationSchema, () => { heard.updates++; });
  await client.connect(new TransportV1(new URL(url), options));
} else {
  client = new ClientV2(identity, { capabilities, ...(which === 'v2-modern' ? { versionNegotiation: { mode: 'auto' } } : {}) });
  client.setRequestHandler('elicitation/create', asked.elicitation);
  client.setRequestHandler('sampling/createMessage', asked.sampling);
  client.setRequestHandler('roots/list', asked.roots);
  client.setNotificationHandler('notifications/message', () => { heard.logs++; });
  client.setNotificationHandler('notifications/resources/updated', () => { heard.updates++; });
  await client.connect(new TransportV2(new URL(url), options));
}

const isModern = which === 'v2-modern';
const call = (name, args = {}, ...more) => which === 'v1' && more.length > 0 ? client.callTool({ name, arguments: args }, undefined, ...more) : client.callTool({ name, arguments: args }, ...more);
const text = result => result.content.map(block => block.text ?? '').join('\n');
const until = async look => { for (let waited = 0; waited < 15_000; waited += 100) { if (look()) return true; await new Promise(done => setTimeout(done, 100)); } return false; };
const check = async (name, what) => {
  try {
    const said = await what();
    console.log(JSON.stringify({ check: name, ok: said.ok, said: JSON.stringify(said.said ?? null).slice(0, 300) }));
  } catch (error) {
    console.log(JSON.stringify({ check: name, ok: false, said: String(error).slice(0, 300) }));
  }
};

if (which !== 'v1') {
  await check('version', async () => ({ ok: client.getNegotiatedProtocolVersion() === (isModern ? '2026-07-28' : '2025-11-25'), said: client.getNegotiatedProtocolVersion() }));
}

await check('tools', async () => { const { tools } = await client.listTools(); return { ok: tools.some(tool => tool.name === 'echo') && tools.length > 10, said: tools.length }; });
await check('call', async () => { const said = text(await call('echo', { message: 'hello' })); return { ok: said === 'Echo: hello', said }; });
await check('structured content', async () => { const result = await call('get-structured-content', { location: 'New York' }); return { ok: typeof result.structuredContent?.temperature === 'number', said: result.structuredContent }; });
await check('image', async () => { const result = await call('get-tiny-image'); return { ok: result.content.some(block => block.type === 'image' && block.mimeType === 'image/png') }; });
await check('progress', async () => {
  let steps = 0;
  const result = await call('trigger-long-running-operation', { duration: 1, steps: 4 }, { onprogress: () => { steps++; } });
  return { ok: steps === 4 && text(result).includes('completed'), said: steps };
});
await check('cancellation', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  const began = Date.now();
  try { await call('trigger-long-running-operation', { duration: 20, steps: 2 }, { signal: stop.signal }); return { ok: false }; } catch { return { ok: Date.now() - began < 5_000 }; }
});
await check('sampling', async () => { const said = text(await call('trigger-sampling-request', { prompt: 'x', maxTokens: 10 })); return { ok: said.includes('sampled'), said }; });
await check('elicitation', async () => { const said = text(await call('trigger-elicitation-request')); return { ok: said.includes('Ada'), said }; });
if (!isModern) {
  // Asked beside any request, as are the next two told: what an older server says in its session by itself.
  await check('roots', async () => { const said = text(await call('get-roots-list')); return { ok: said.includes('of-the-client'), said }; });
  await check('log', async () => { await client.setLoggingLevel('debug'); await call('toggle-simulated-logging'); return { ok: await until(() => heard.logs > 0), said: heard.logs }; });
  await check('subscription', async () => {
    const { resources } = await client.listResources();
    await client.subscribeResource({ uri: resources[0].uri });
    await call('toggle-subscriber-updates');
    return { ok: await until(() => heard.updates > 0), said: heard.updates };
  });
}

await check('resources', async () => {
  const { resources } = await client.listResources();
  const { contents } = await client.readResource({ uri: resources[0].uri });
  return { ok: contents[0].text.length > 0 && contents[0].uri === resources[0].uri, said: contents[0].uri };
});
await check('templates', async () => { const { resourceTemplates } = await client.listResourceTemplates(); return { ok: resourceTemplates.length > 0, said: resourceTemplates.length }; });
await check('prompts', async () => {
  const { prompts } = await client.listPrompts();
  const { messages } = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Oslo' } });
  return { ok: prompts.length > 2 && JSON.stringify(messages).includes('Oslo'), said: prompts.length };
});
await check('completion', async () => {
  const { completion } = await client.complete({ ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value: 'E' } });
  return { ok: completion.values.includes('Engineering'), said: completion };
});
await check('unknown tool', async () => {
  try { const result = await call('no-such-tool'); return { ok: false, said: result }; } catch (error) { return { ok: error.code === -32602 && !String(error).includes('timed out'), said: String(error) }; }
});
if (which === 'v1') {
  await check('task', async () => {
    const states = [];
    for await (const message of client.experimental.tasks.callToolStream({ name: 'simulate-research-query', arguments: { topic: 'x' } }, types.CallToolResultSchema, { task: { ttl: 60_000 } })) {
      states.push(message.type === 'result' ? 'result' : message.task?.status ?? message.type);
    }

    return { ok: states[0] === 'working' && states.at(-1) === 'result', said: states };
  });
}

await client.close();
process.exit(0);

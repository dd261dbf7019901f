// The platform's main job, done as a user would: started by ./run.sh --smoke. Prints each step with its result; exit code 0 or 1.
import { spawn, execFileSync } from 'node:child_process';
import { chmodSync, createWriteStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';

const root = process.argv[2];
const data = mkdtempSync(join(tmpdir(), 'mcpplatform-smoke-'));
chmodSync(data, 0o711); // PostgreSQL runs as another user when this runs as root
const log = join(data, 'apphost.log');
const started = Date.now();
let apphost;
let gateway;
let failed = false;

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const check = (condition, sentence) => { if (!condition) throw new Error(sentence); };

async function step(name, work) {
  const from = Date.now();
  process.stdout.write(`  ${name} … `);
  const result = await work();
  console.log(`ok${result ? `: ${result}` : ''} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
}

async function eventually(within, work) {
  for (const end = Date.now() + within; ;) {
    try { return await work(); } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(200);
    }
  }
}

// Asks the Gateway; the answer must have the expected status.
async function ask(method, path, { token, body, status = 200 } = {}) {
  const response = await fetch(gateway + path, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  check(response.status === status, `${method} ${path} answered ${response.status} instead of ${status}: ${text.slice(0, 400)}`);
  return text ? JSON.parse(text) : undefined;
}

// Every process of the run inherits its data folder's name.
function survivors() {
  if (!existsSync('/proc/self/environ')) {
    return execFileSync('ps', ['-Aww', '-o', 'pid=,args=']).toString().split('\n').filter(line => line.includes(data));
  }
  return readdirSync('/proc').filter(entry => /^\d+$/.test(entry) && Number(entry) !== process.pid).flatMap(pid => {
    try {
      const mine = readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`MCPPLATFORM_DATA=${data}\0`);
      return mine ? [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').slice(0, 160)}`] : [];
    } catch { return []; }
  });
}

async function stop() {
  if (!apphost || apphost.exitCode !== null) return;
  const exited = new Promise(resolve => apphost.once('exit', resolve));
  apphost.kill('SIGINT');
  const how = await Promise.race([exited, sleep(15_000).then(() => 'late')]);
  if (how === 'late') {
    apphost.kill('SIGKILL');
    throw new Error('AppHost did not stop within 15 s of Ctrl-C');
  }
}

async function mainJob() {
  const secret = () => randomBytes(18).toString('base64url');
  const adminPassword = secret();
  const userPassword = secret();
  let endpoints, admin, user, server, callTrace;

  await step('start everything on empty data, until all resources are healthy', async () => {
    const output = createWriteStream(log);
    apphost = spawn('dotnet', [join(root, 'artifacts/bin/AppHost/debug/AppHost.dll')], {
      cwd: join(root, 'AppHost'), env: { ...process.env, MCPPLATFORM_DATA: data, MCP_SERVER_URL: '', DATABASE_URL: '' }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    apphost.stdout.pipe(output);
    apphost.stderr.pipe(output);
    await eventually(180_000, async () => {
      if (apphost.exitCode !== null) return;
      endpoints = JSON.parse(readFileSync(join(data, 'endpoints.json'), 'utf8'));
    });
    check(endpoints, `AppHost ended with exit code ${apphost.exitCode}`);
    gateway = endpoints.gateway_url.replace(/\/$/, '');
    return `gateway ${gateway}, dashboard ${endpoints.dashboard_url}`;
  });

  await step('make the first admin with the one-time password', async () => {
    const secrets = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8'));
    const password = secrets['first-admin-password'] ?? secrets['Parameters:first-admin-password'];
    const made = await ask('POST', '/api/auth/bootstrap', { body: { password, new_password: adminPassword }, status: 201 });
    await ask('POST', '/api/auth/bootstrap', { body: { password, new_password: adminPassword }, status: 409 });
    return `${made.username}, and a second time is refused`;
  });

  await step('log in', async () => {
    const login = await ask('POST', '/api/login', { body: { username: 'admin', password: adminPassword } });
    admin = login.access_token;
    return `${login.token_type} token for ${login.expires_in} s`;
  });

  await step('create an ordinary user, and log in as them', async () => {
    const created = await ask('POST', '/api/users', { token: admin, body: { username: 'alice', email: 'alice@example.com', password: userPassword }, status: 201 });
    user = (await ask('POST', '/api/auth/login', { body: { username: 'alice', password: userPassword } })).access_token;
    return `${created.username} with the roles ${created.roles.join(', ')}`;
  });

  await step('find the MCP server and its tools', async () => {
    server = (await ask('GET', '/api/mcp/servers', { token: user })).items[0];
    check(server, 'no MCP server is registered');
    const tools = (await ask('GET', `/api/mcp/servers/${server.id}/tools`, { token: user })).items.map(tool => tool.name);
    check(tools.includes('echo') && tools.includes('get-sum'), `echo and get-sum are not among ${tools}`);
    return `${server.name}: ${tools.length} tools`;
  });

  await step('call echo', async () => {
    const result = await ask('POST', `/api/mcp/servers/${server.id}/tools/echo/call`, { token: user, body: { arguments: { message: 'hello' } } });
    const text = result.content[0].text;
    check(text.includes('hello'), `echo answered ${text}`);
    return `"${text}" in ${result.elapsed_ms} ms`;
  });

  await step('call get-sum', async () => {
    const result = await ask('POST', `/api/mcp/servers/${server.id}/tools/get-sum/call`, { token: user, body: { arguments: { a: 19, b: 23 } } });
    const text = result.content[0].text;
    check(text.includes('42'), `get-sum answered ${text}`);
    return `"${text}"`;
  });

  await step('be refused', async () => {
    await ask('GET', '/api/mcp/servers', { status: 401 });
    await ask('GET', '/api/users', { token: user, status: 403 });
    await ask('GET', '/api/mcp/servers/018f0000-0000-7000-8000-000000000000/tools', { token: user, status: 404 });
    return '401 without a token, 403 without the permission, 404 for what is not there';
  });

  await step('see the requests in the analytics within 5 s', () => eventually(5_000, async () => {
    const requests = (await ask('GET', '/api/analytics/requests?limit=100', { token: admin })).items;
    const calls = requests.filter(request => request.path.endsWith('/call') && request.username === 'alice' && request.status === 200);
    check(calls.length === 2 && calls.every(call => call.duration_ms > 0), `${calls.length} tool calls among ${requests.length} requests`);
    check(requests.some(request => request.status === 401) && requests.some(request => request.status === 403), 'the refused requests are missing');
    return `${requests.length} requests, both calls with user, status and duration`;
  }));

  await step('see the logins and the tool calls in the audit trail within 5 s', () => eventually(5_000, async () => {
    const activities = (await ask('GET', '/api/analytics/activities?limit=100', { token: admin })).items;
    const logins = activities.filter(activity => activity.action === 'auth.login' && activity.outcome === 'succeeded');
    const calls = activities.filter(activity => activity.action === 'mcp.tools.call' && activity.username === 'alice' && activity.outcome === 'succeeded');
    check(logins.length === 2, `${logins.length} logins instead of 2`);
    check(calls.length === 2 && calls.every(call => call.duration_ms > 0), `${calls.length} tool calls instead of 2`);
    callTrace = calls[0].trace_id;
    return calls.map(call => `${call.target} ${call.outcome} in ${call.duration_ms.toFixed(1)} ms`).join(', ');
  }));

  await step('follow one call through the whole system in one trace', () => eventually(20_000, async () => {
    const response = await fetch(`${endpoints.dashboard_url.replace(/\/$/, '')}/api/telemetry/traces/${callTrace}`, { headers: { 'x-api-key': endpoints.dashboard_api_key } });
    const text = await response.text();
    check(response.ok, `the dashboard answered ${response.status}: ${text.slice(0, 200)}`);
    const services = ['gateway', 'mcpservice', 'analyticsservice'];
    const missing = services.filter(service => !text.includes(`"${service}`));
    check(missing.length === 0, `the trace ${callTrace} lacks ${missing}`);
    return `${callTrace} spans ${services.join(', ')}`;
  }));
}

console.log(`The platform's main job, with its data in ${data}`);
try {
  await mainJob();
} catch (error) {
  failed = true;
  console.log(`FAILED: ${error.message}`);
  if (existsSync(log)) console.log(`The end of AppHost's output:\n${readFileSync(log, 'utf8').split('\n').slice(-30).join('\n')}`);
}
try {
  await step('stop, and leave no process', async () => {
    await stop();
    await eventually(5_000, async () => check(survivors().length === 0, `still running:\n${survivors().join('\n')}`));
  });
} catch (error) {
  failed = true;
  console.log(`FAILED: ${error.message}`);
}
rmSync(data, { recursive: true, force: true });
console.log(failed ? 'The main job failed.' : `The main job works (${((Date.now() - started) / 1000).toFixed(0)} s).`);
process.exit(failed ? 1 : 0);

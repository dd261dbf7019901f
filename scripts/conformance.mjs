// Runs the official MCP conformance suite against a server directly and through the platform, and prints one table: what passes directly has to pass through.
// node conformance.mjs --direct URL [--through URL --token TOKEN] [--crossed-2025-11-25 URL --crossed-2026-07-28 URL] [--baseline FILE]; exit code 1 where something is lost.
// Crossed: through the platform, to a server that speaks only the other era.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const suite = path.join(root, 'tests/ConformanceServer/suite/node_modules');
const node = path.join(suite, 'node/bin/node');
const cli = path.join(suite, '@modelcontextprotocol/conformance/dist/index.js');
const sets = ['2025-11-25', '2026-07-28'];

const options = {};
for (let at = 2; at < process.argv.length; at += 2) {
  options[process.argv[at].replace(/^--/, '')] = process.argv[at + 1];
}

// The suite can send no header of ours. What it sends passes as it is, streams unbuffered, with the token added.
function shim(target, token) {
  const to = new URL(target);
  const server = http.createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    if (/^(localhost|127\.0\.0\.1)(:|$)/.test(headers.host ?? '')) {
      headers.host = to.host;
      if (headers.origin && new URL(headers.origin).hostname === 'localhost') headers.origin = to.origin;
    }
    const forward = http.request({ host: to.hostname, port: to.port, path: to.pathname, method: request.method, headers }, answer => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    forward.on('error', () => response.destroy());
    response.on('close', () => forward.destroy());
    request.pipe(forward);
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function run(url, requirements) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [cli, 'server', '--url', url, '--requirements', requirements], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', data => (text += data));
    child.stderr.on('data', data => (text += data));
    child.on('error', reject);
    child.on('close', () => {
      const scenarios = new Map();
      for (const [, name, passed, failed] of text.matchAll(/^[✓✗] ([a-z0-9-]+): (\d+) passed, (\d+) failed/gm)) {
        scenarios.set(name, { passed: Number(passed), failed: Number(failed) });
      }
      const unscored = new Set([...text.matchAll(/^ {2}[✓✗] ([a-z0-9-]+) \(/gm)].map(match => match[1]));
      if (scenarios.size === 0) reject(new Error(`The suite said nothing of ${url}:\n${text.slice(-2000)}`));
      resolve({ scenarios, unscored });
    });
  });
}

const cell = result => (result ? `${result.passed} / ${result.failed}` : '-').padStart(9);
const total = ({ scenarios }) => [...scenarios.values()].reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed }), { passed: 0, failed: 0 });

// Known differences, each with its reason; one that is no difference any more fails, too.
const accepted = options.baseline ? JSON.parse(readFileSync(options.baseline, 'utf8')) : {};
const shims = [];
let lost = 0;

async function runThrough(target, requirements) {
  if (!target) return null;
  const front = await shim(target, options.token);
  shims.push(front);
  return run(`http://localhost:${front.address().port}/mcp`, requirements);
}

// What became of a scenario in one column, beside what passes directly.
function judge(key, result, relayed) {
  const worse = !relayed || relayed.failed > result.failed || relayed.passed < result.passed;
  const reason = accepted[key];
  if (!worse && !reason) return '';
  if (worse && reason) return `known: ${reason}`;
  lost++;
  return worse ? 'LOST' : 'STALE: it is no difference any more';
}

for (const requirements of sets) {
  const direct = await run(options.direct, requirements);
  // One after the other: some scenarios have deadlines, and two at once would measure each other.
  const columns = [['through', '', await runThrough(options.through, requirements)], ['crossed', ' crossed', await runThrough(options[`crossed-${requirements}`], requirements)]].filter(([, , column]) => column);
  console.log(`\n${requirements} (checks passed / failed)`.padEnd(48), '   direct', ...columns.map(([title]) => title.padStart(9)));
  for (const [name, result] of direct.scenarios) {
    const marks = columns.map(([title, key, column]) => [title, judge(`${requirements}${key} ${name}`, result, column.scenarios.get(name))]);
    const told = marks.filter(([, mark]) => mark).map(([title, mark]) => `${title} ${mark}`);
    if (direct.unscored.has(name)) told.unshift('(not scored)');
    console.log(name.padEnd(47), cell(result), ...columns.map(([, , column]) => cell(column.scenarios.get(name))), ' ', told.join('; '));
  }
  console.log('TOTAL'.padEnd(47), cell(total(direct)), ...columns.map(([, , column]) => cell(total(column))));
}
for (const front of shims) {
  front.close();
  front.closeAllConnections();
}
process.exitCode = lost === 0 ? 0 : 1;

// Runs the official MCP conformance suite against a server directly and through the platform, and prints one table: what passes directly has to pass through.
// node conformance.mjs --direct URL [--through URL --token TOKEN] [--baseline FILE]; exit code 1 where something is lost.
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
const front = options.through ? await shim(options.through, options.token) : null;
let lost = 0;
for (const requirements of sets) {
  const direct = await run(options.direct, requirements);
  const through = front ? await run(`http://localhost:${front.address().port}/mcp`, requirements) : null;
  console.log(`\n${requirements} (checks passed / failed)`.padEnd(48), '   direct', through ? '  through' : '');
  for (const [name, result] of direct.scenarios) {
    const relayed = through?.scenarios.get(name);
    const worse = through && (!relayed || relayed.failed > result.failed || relayed.passed < result.passed);
    const reason = accepted[`${requirements} ${name}`];
    const mark = worse ? (reason ? `known: ${reason}` : 'LOST') : reason && through ? 'STALE: it is no difference any more' : direct.unscored.has(name) ? '(not scored)' : '';
    lost += (worse && !reason) || (!worse && reason && through) ? 1 : 0;
    console.log(name.padEnd(47), cell(result), through ? cell(relayed) : '', ' ', mark);
  }
  console.log('TOTAL'.padEnd(47), cell(total(direct)), through ? cell(total(through)) : '');
}
front?.close();
front?.closeAllConnections();
process.exitCode = lost === 0 ? 0 : 1;

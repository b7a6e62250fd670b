// How many payloads a CPU second Barbican gives in a closed loop of 32 connections; prints the number.
import { spawn } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import fs from 'node:fs';
import path from 'node:path';
import { assert, atEnd, main, test, until } from '../lib/check.mjs';
import { tempDir } from '../lib/worker.mjs';
import { each, median, rate } from './servers.mjs';

const connections = 32;
const rounds = 3;
const value = Buffer.alloc(1024, 'a value of one KiB ');

function ask(port, method, url, headers = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    http.request({ host: '127.0.0.1', port, method, path: url, agent: false, headers: { 'X-Project-Id': 'bench', 'X-Roles': 'creator', ...headers } }, (answer) => {
      let text = '';
      answer.on('data', (data) => { text += data; });
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    }).on('error', reject).end(body);
  });
}

// One uWSGI process on a port of the system's choice, which its log names.
async function barbican() {
  const folder = tempDir();
  const log = fs.openSync(path.join(folder, 'log'), 'w');
  const child = spawn('uwsgi', ['--http-socket', '127.0.0.1:0', '--plugin', 'python3', '--wsgi-file', fileURLToPath(new URL('barbican.py', import.meta.url)),
    '--need-app', '--disable-logging', '--die-on-term', '--listen', '100'], { env: { ...process.env, BARBICAN_FOLDER: folder }, stdio: ['ignore', log, log] });
  atEnd(() => child.kill());
  const said = () => fs.readFileSync(path.join(folder, 'log'), 'utf8');
  const port = await until('Barbican', () => {
    assert.equal(child.exitCode, null, said());
    return /WSGI app 0 .* ready/.test(said()) && Number(/bound to TCP address 127\.0\.0\.1:(\d+)/.exec(said())?.[1]);
  }, 60000, 100);
  const made = await ask(port, 'POST', '/v1/secrets', { 'Content-Type': 'application/json' }, JSON.stringify({ name: 'bench', payload: value.toString(), payload_content_type: 'text/plain' }));
  assert.equal(made.status, 201, made.text);
  const url = `${new URL(JSON.parse(made.text).secret_ref).pathname}/payload`;
  const one = async () => {
    const answer = await ask(port, 'GET', url, { Accept: 'text/plain' });
    assert.equal(answer.text, value.toString());
  };
  await one();
  return { pid: child.pid, one };
}

await main(async () => {
  console.log = (...said) => console.error(...said); // the figure alone goes to standard output
  await test('figure', async () => {
    const peer = await barbican();
    await each(connections, 100, peer.one);
    const rates = [];
    for (let i = 0; i < rounds; i++) rates.push(await rate([peer.pid], connections, 300, peer.one));
    process.stdout.write(`${median(rates).toFixed(1)}\n`);
  });
});
